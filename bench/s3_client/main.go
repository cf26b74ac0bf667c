// The baseline of the bench for an S3 store: a native client (minio-go, with its defaults) that puts
// and gets objects without Satchel in between. Runs one case and prints one JSON line, shaped as the
// load client's.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const mebibyte = 1 << 20

type options struct {
	endpoint, bucket, name  string
	clients, size, calls    int
	seconds                 float64
	multipart               bool
	accessKey, secretAccess string
	objectPrefix            string
}

func main() {
	var given options
	flag.StringVar(&given.endpoint, "endpoint", "", "host:port, without TLS")
	flag.StringVar(&given.bucket, "bucket", "bench", "made when missing")
	flag.StringVar(&given.name, "case", "", "put or get")
	flag.IntVar(&given.clients, "clients", 1, "clients, each one request at a time")
	flag.IntVar(&given.size, "size", 4096, "bytes of an object")
	flag.IntVar(&given.calls, "calls", 0, "calls of all clients together; 0: as many as fit in --seconds")
	flag.Float64Var(&given.seconds, "seconds", 1, "length of a case without --calls")
	flag.BoolVar(&given.multipart, "multipart", false, "let the client split large objects, as it does by default")
	flag.Parse()
	given.accessKey, given.secretAccess = os.Getenv("S3_ACCESS_KEY"), os.Getenv("S3_SECRET_KEY")
	given.objectPrefix = randomName()
	if err := run(given); err != nil {
		fmt.Fprintln(os.Stderr, "s3_client:", err)
		os.Exit(1)
	}
}

func run(given options) error {
	call, err := prepare(given)
	if err != nil {
		return err
	}
	latencies, elapsed, err := together(given, call)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report(given, latencies, elapsed))
}

// Makes the bucket, and what `get` reads; returns the call that is measured.
func prepare(given options) (func(client, number int) error, error) {
	ctx := context.Background()
	store, err := minio.New(given.endpoint, &minio.Options{
		Creds:     credentials.NewStaticV4(given.accessKey, given.secretAccess, ""),
		Transport: transport(given.clients),
	})
	if err != nil {
		return nil, err
	}
	exists, err := store.BucketExists(ctx, given.bucket)
	if err != nil {
		return nil, err
	}
	if !exists {
		if err := store.MakeBucket(ctx, given.bucket, minio.MakeBucketOptions{}); err != nil {
			return nil, err
		}
	}
	content := bytes.Repeat([]byte("n"), given.size)
	put := func(key string) error {
		_, err := store.PutObject(ctx, given.bucket, key, bytes.NewReader(content), int64(given.size),
			minio.PutObjectOptions{ContentType: "text/plain", DisableMultipart: !given.multipart})
		return err
	}
	key := func(number int) string { return fmt.Sprintf("%s/%d", given.objectPrefix, number) }
	switch given.name {
	case "put":
		return func(_, number int) error { return put(key(number)) }, nil
	case "get":
		for client := range given.clients {
			if err := put(key(client)); err != nil {
				return nil, err
			}
		}
		return func(client, _ int) error { return get(ctx, store, given, key(client)) }, nil
	}
	return nil, fmt.Errorf("--case is put or get, not %q", given.name)
}

func transport(clients int) http.RoundTripper {
	made, err := minio.DefaultTransport(false)
	if err != nil {
		panic(err) // only for a broken system certificate store with TLS
	}
	made.MaxIdleConnsPerHost = clients
	return made
}

func get(ctx context.Context, store *minio.Client, given options, key string) error {
	object, err := store.GetObject(ctx, given.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer object.Close()
	length, err := io.Copy(io.Discard, object)
	if err == nil && length != int64(given.size) {
		err = fmt.Errorf("got %d bytes of %d", length, given.size)
	}
	return err
}

// Runs `call` on all clients until the calls or the time are used up.
func together(given options, call func(client, number int) error) ([]time.Duration, time.Duration, error) {
	var next atomic.Int64
	results := make([][]time.Duration, given.clients)
	failures := make([]error, given.clients)
	start := time.Now()
	end := start.Add(time.Duration(given.seconds * float64(time.Second)))
	var running sync.WaitGroup
	for client := range given.clients {
		running.Go(func() {
			for {
				number := int(next.Add(1)) - 1
				if given.calls > 0 && number >= given.calls || given.calls == 0 && time.Now().After(end) {
					return
				}
				began := time.Now()
				if failures[client] = call(client, number); failures[client] != nil {
					return
				}
				results[client] = append(results[client], time.Since(began))
			}
		})
	}
	running.Wait()
	elapsed := time.Since(start)
	for _, failure := range failures {
		if failure != nil {
			return nil, 0, failure
		}
	}
	return slices.Concat(results...), elapsed, nil
}

func report(given options, latencies []time.Duration, elapsed time.Duration) map[string]float64 {
	slices.Sort(latencies)
	quantile := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return float64(latencies[int(share*float64(len(latencies)-1))]) / float64(time.Millisecond)
	}
	calls, seconds := float64(len(latencies)), elapsed.Seconds()
	return map[string]float64{
		"calls": calls, "seconds": seconds, "calls_per_second": calls / seconds,
		"mib_per_second": calls * float64(given.size) / mebibyte / seconds,
		"p50_ms":         quantile(0.5), "p99_ms": quantile(0.99),
	}
}

func randomName() string {
	var bytes [8]byte
	rand.Read(bytes[:]) // never fails, by its documentation
	return hex.EncodeToString(bytes[:])
}
