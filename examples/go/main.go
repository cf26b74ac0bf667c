// A client of Satchel: upload with progress, list all pages, download with a checksum.
//
//	documents [--server HOST:PORT] [--user USER] upload FILE | list | download ID FILE
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	api "example.com/documents/documentpb"
)

const (
	chunkBytes  = 256 * 1024
	triesMax    = 5
	callTimeout = 10 * time.Minute
	exitQuota   = 3
)

// problem is an error of the server as its details tell it; reason is empty when nobody answered.
type problem struct {
	status   *status.Status
	reason   string
	metadata map[string]string
	holder   string
	retry    *time.Duration
}

func (p *problem) Error() string {
	name := p.reason
	if name == "" {
		name = p.status.Code().String()
	}
	return name + ": " + p.status.Message()
}

func problemOf(err error) *problem {
	p := &problem{status: status.Convert(err)}
	for _, detail := range p.status.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			p.reason, p.metadata = detail.Reason, detail.Metadata
		case *errdetails.RetryInfo:
			delay := detail.RetryDelay.AsDuration()
			p.retry = &delay
		case *errdetails.ResourceInfo:
			p.holder = detail.ResourceName
		}
	}
	return p
}

// delay says how long to wait before another try, and whether another try may help.
func (p *problem) delay(failures int) (time.Duration, bool) {
	if p.retry != nil {
		return *p.retry, true
	}
	if p.status.Code() == codes.Unavailable && p.reason == "" {
		return min(100*time.Millisecond<<failures, 5*time.Second), true
	}
	return 0, false
}

// withRetries tries again while the server says, by RetryInfo, that it may help.
func withRetries(call func(context.Context) error) error {
	for failures := 1; ; failures++ {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		err := call(ctx)
		cancel()
		if err == nil {
			return nil
		}
		if _, ok := status.FromError(err); !ok {
			return err // Of this machine, such as a disk that is full.
		}
		p := problemOf(err)
		delay, again := p.delay(failures)
		if !again || failures == triesMax {
			return p
		}
		fmt.Fprintf(os.Stderr, "%v; again in %.1f s\n", p, delay.Seconds())
		time.Sleep(delay)
	}
}

func showProgress(done, total int64) {
	fmt.Fprintf(os.Stderr, "\r%3d %%", 100*done/total)
	if done == total {
		fmt.Fprintln(os.Stderr)
	}
}

// documents are the documents of one user.
type documents struct {
	client api.DocumentServiceClient
	user   string
}

// upload stores a file and returns the document's id.
func (d documents) upload(path, category string) (string, error) {
	var id string
	tries := 0
	err := withRetries(func(ctx context.Context) (err error) {
		tries++
		id, err = d.uploadOnce(ctx, path, category)
		return err
	})
	var p *problem
	if tries > 1 && errors.As(err, &p) && p.reason == "DOCUMENT_ALREADY_EXISTS" &&
		p.metadata["status"] == "COMPLETED" {
		// The answer to an earlier try was lost, but the try had succeeded.
		return p.holder, nil
	}
	return id, err
}

func (d documents) uploadOnce(ctx context.Context, path, category string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	stream, err := d.client.UploadDocument(ctx)
	if err != nil {
		return "", err
	}
	metadata := &api.DocumentMetadata{UserId: d.user, Category: category,
		Filename: filepath.Base(path), MimeType: mime.TypeByExtension(filepath.Ext(path)),
		Size: info.Size()}
	// Send says io.EOF when the server has refused; CloseAndRecv then says why.
	err = stream.Send(&api.UploadDocumentRequest{
		Data: &api.UploadDocumentRequest_Metadata{Metadata: metadata}})
	buffer := make([]byte, chunkBytes)
	for done := int64(0); err == nil && done < info.Size(); {
		n, failure := io.ReadFull(file, buffer)
		if failure != nil && !errors.Is(failure, io.ErrUnexpectedEOF) {
			return "", failure
		}
		err = stream.Send(&api.UploadDocumentRequest{
			Data: &api.UploadDocumentRequest_Chunk{Chunk: buffer[:n]}})
		done += int64(n)
		showProgress(min(done, info.Size()), info.Size())
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	answer, err := stream.CloseAndRecv()
	return answer.GetDocumentId(), err
}

// list calls visit with every document, newest first, however many pages that takes.
func (d documents) list(visit func(*api.DocumentSummary)) error {
	request := &api.ListDocumentsRequest{UserId: d.user, PageSize: 100}
	for {
		var page *api.ListDocumentsResponse
		if err := withRetries(func(ctx context.Context) (err error) {
			page, err = d.client.ListDocuments(ctx, request)
			return err
		}); err != nil {
			return err
		}
		for _, document := range page.Documents {
			visit(document)
		}
		if page.NextPageToken == "" {
			return nil
		}
		request.PageToken = page.NextPageToken
	}
}

// download writes a document to path, which appears only when it is whole; it returns the SHA-256.
func (d documents) download(id, path string) (string, error) {
	partial := path + ".partial"
	file, err := os.Create(partial)
	if err != nil {
		return "", err
	}
	defer os.Remove(partial)
	defer file.Close()
	digest := sha256.New()
	var done int64
	if err := withRetries(func(ctx context.Context) error {
		// A broken download goes on where it broke.
		stream, err := d.client.DownloadDocument(ctx, &api.DownloadDocumentRequest{
			UserId: d.user, DocumentId: id, Offset: done})
		if err != nil {
			return err
		}
		var total int64
		for {
			message, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if info := message.GetInfo(); info != nil {
				total = info.Size
				continue
			}
			if _, err := io.MultiWriter(file, digest).Write(message.GetChunk()); err != nil {
				return err
			}
			done += int64(len(message.GetChunk()))
			showProgress(done, total)
		}
	}); err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", digest.Sum(nil)), os.Rename(partial, path)
}

func run() error {
	server := flag.String("server", "localhost:50051", "HOST:PORT")
	user := flag.String("user", "ada", "whose documents")
	category := flag.String("category", "general", "of an upload")
	flag.Parse()
	connection, err := grpc.NewClient(*server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	mine := documents{api.NewDocumentServiceClient(connection), *user}
	switch {
	case flag.Arg(0) == "upload" && flag.NArg() == 2:
		id, err := mine.upload(flag.Arg(1), *category)
		if err == nil {
			fmt.Println(id)
		}
		return err
	case flag.Arg(0) == "list" && flag.NArg() == 1:
		return mine.list(func(document *api.DocumentSummary) {
			fmt.Printf("%s\t%d\t%s\n", document.DocumentId, document.Size, document.Filename)
		})
	case flag.Arg(0) == "download" && flag.NArg() == 3:
		digest, err := mine.download(flag.Arg(1), flag.Arg(2))
		if err == nil {
			fmt.Println(digest)
		}
		return err
	}
	return errors.New("usage: documents [flags] upload FILE | list | download ID FILE")
}

func main() {
	err := run()
	var p *problem
	switch {
	case err == nil:
	case errors.As(err, &p) && p.reason == "QUOTA_EXCEEDED":
		fmt.Fprintf(os.Stderr, "over quota: %s of %s bytes are used, %s more were asked for\n",
			p.metadata["used"], p.metadata["limit"], p.metadata["requested"])
		os.Exit(exitQuota)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
