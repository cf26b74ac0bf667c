// A client of Satchel: upload with progress, list all pages, download with a checksum.
//
//   node documents.mjs [--server HOST:PORT] [--user USER] upload FILE | list | download ID FILE
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, stat, unlink } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import protobuf from "protobufjs";

const CHUNK_BYTES = 256 * 1024;
const TRIES_MAX = 5;
const CALL_MS = 600_000;
const EXIT_QUOTA = 3;
const MIME_TYPES = {
  ".pdf": "application/pdf",
  ".txt": "text/plain",
  ".doc": "application/msword",
  ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

const PROTO_ROOT = fileURLToPath(new URL("../../proto", import.meta.url));
const api = grpc.loadPackageDefinition(
  protoLoader.loadSync("document/document_service.proto", {
    includeDirs: [PROTO_ROOT],
    keepCase: true,
    longs: Number,
    defaults: true,
    oneofs: true,
  }),
).document;

// What is needed of google/rpc/status.proto and google/rpc/error_details.proto.
const details = protobuf.parse(
  `syntax = "proto3";
   package google.rpc;
   message Any { string type_url = 1; bytes value = 2; }
   message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
   message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
   message Duration { int64 seconds = 1; int32 nanos = 2; }
   message RetryInfo { Duration retry_delay = 1; }
   message ResourceInfo { string resource_type = 1; string resource_name = 2; }`,
).root;
const RpcStatus = details.lookupType("google.rpc.Status");

/** An error of the server as its details tell it; `reason` is empty when nobody answered. */
class Problem extends Error {
  constructor(error) {
    super(error.details ?? error.message);
    Object.assign(this, { code: error.code, reason: "", metadata: {}, holder: "" });
    const [encoded] = error.metadata?.get("grpc-status-details-bin") ?? [];
    for (const any of encoded ? RpcStatus.decode(encoded).details : []) {
      const name = any.typeUrl.split("/").pop();
      const detail = details.lookup(name)?.decode(any.value);
      if (name === "google.rpc.ErrorInfo") {
        this.reason = detail.reason;
        this.metadata = detail.metadata;
      } else if (name === "google.rpc.RetryInfo") {
        const { seconds, nanos } = detail.retryDelay;
        this.retryMs = Number(seconds) * 1000 + nanos / 1e6;
      } else if (name === "google.rpc.ResourceInfo") {
        this.holder = detail.resourceName;
      }
    }
  }

  get name() {
    return this.reason || grpc.status[this.code];
  }

  /** Milliseconds to wait before another try; undefined when another try would not help. */
  delay(failures) {
    if (this.retryMs !== undefined) return this.retryMs;
    if (this.code === grpc.status.UNAVAILABLE && !this.reason) {
      return Math.min(100 * 2 ** failures, 5000);
    }
    return undefined;
  }
}

/** What `call` resolves to, tried again while the server says, by RetryInfo, that it may help. */
async function withRetries(call) {
  for (let failures = 1; ; failures++) {
    try {
      return await call();
    } catch (error) {
      // Of this machine, such as a disk that is full.
      if (!(error.metadata instanceof grpc.Metadata)) throw error;
      const problem = new Problem(error);
      const delay = problem.delay(failures);
      if (delay === undefined || failures === TRIES_MAX) throw problem;
      console.error(`${problem.name}: again in ${(delay / 1000).toFixed(1)} s`);
      await sleep(delay);
    }
  }
}

function showProgress(done, total) {
  const percent = String(Math.floor((100 * done) / total)).padStart(3);
  process.stderr.write(`\r${percent} %${done === total ? "\n" : ""}`);
}

/** The documents of one user. */
class Documents {
  constructor(server, user) {
    this.client = new api.DocumentService(server, grpc.credentials.createInsecure());
    this.user = user;
  }

  close() {
    this.client.close();
  }

  unary(method, request) {
    return withRetries(
      () =>
        new Promise((resolve, reject) => {
          this.client[method](request, { deadline: Date.now() + 30_000 }, (error, answer) =>
            error ? reject(error) : resolve(answer),
          );
        }),
    );
  }

  /** Stores a file; resolves to the document's id. */
  async upload(path, category) {
    let tries = 0;
    try {
      return await withRetries(() => {
        tries++;
        return this.uploadOnce(path, category);
      });
    } catch (error) {
      // The answer to an earlier try was lost, but the try had succeeded.
      const done = error.metadata?.status === "COMPLETED";
      if (tries > 1 && error.reason === "DOCUMENT_ALREADY_EXISTS" && done) return error.holder;
      throw error;
    }
  }

  async uploadOnce(path, category) {
    const { size } = await stat(path);
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    try {
      return await new Promise((resolve, reject) => {
        const call = this.client.UploadDocument(
          { deadline: Date.now() + CALL_MS },
          (error, answer) => (error ? reject(error) : resolve(answer.document_id)),
        );
        const metadata = {
          user_id: this.user,
          category,
          filename: basename(path),
          mime_type: MIME_TYPES[extname(path).toLowerCase()] ?? "application/octet-stream",
          size,
        };
        call.write({ metadata });
        let done = 0;
        file.on("data", (chunk) => {
          done += chunk.length;
          const goesOn = call.write({ chunk }, () => file.resume());
          // Wait until it is sent, so that a large file is never in memory.
          if (!goesOn) file.pause();
          showProgress(done, size);
        });
        file.on("end", () => call.end());
        file.on("error", (error) => {
          call.cancel();
          reject(error);
        });
      });
    } finally {
      file.destroy();
    }
  }

  /** Every document, newest first, however many pages that takes. */
  async *list() {
    const request = { user_id: this.user, page_size: 100, page_token: "" };
    do {
      const page = await this.unary("ListDocuments", request);
      yield* page.documents;
      request.page_token = page.next_page_token;
    } while (request.page_token);
  }

  /** Writes a document to `path`, which appears only when it is whole; resolves to its SHA-256. */
  async download(id, path) {
    const partial = `${path}.partial`;
    const digest = createHash("sha256");
    const file = await open(partial, "w");
    let done = 0;
    try {
      await withRetries(async () => {
        // A broken download goes on where it broke.
        const call = this.client.DownloadDocument(
          { user_id: this.user, document_id: id, offset: done },
          { deadline: Date.now() + CALL_MS },
        );
        let total = 0;
        for await (const message of call) {
          if (message.data === "info") {
            total = message.info.size;
            continue;
          }
          await file.writeFile(message.chunk);
          digest.update(message.chunk);
          done += message.chunk.length;
          showProgress(done, total);
        }
      });
      await file.close();
      await rename(partial, path);
    } catch (error) {
      await file.close();
      await unlink(partial);
      throw error;
    }
    return digest.digest("hex");
  }
}

async function run() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      server: { type: "string", default: "localhost:50051" },
      user: { type: "string", default: "ada" },
      category: { type: "string", default: "general" },
    },
  });
  const documents = new Documents(values.server, values.user);
  const [command, ...rest] = positionals;
  try {
    if (command === "upload" && rest.length === 1) {
      console.log(await documents.upload(rest[0], values.category));
    } else if (command === "list" && rest.length === 0) {
      for await (const { document_id, size, filename } of documents.list()) {
        console.log([document_id, size, filename].join("\t"));
      }
    } else if (command === "download" && rest.length === 2) {
      console.log(await documents.download(...rest));
    } else {
      throw new Error("usage: documents.mjs [options] upload FILE | list | download ID FILE");
    }
  } finally {
    documents.close();
  }
}

run().catch((error) => {
  if (error.reason === "QUOTA_EXCEEDED") {
    const { used, limit, requested } = error.metadata;
    console.error(
      `over quota: ${used} of ${limit} bytes are used, ${requested} more were asked for`,
    );
    process.exitCode = EXIT_QUOTA;
    return;
  }
  console.error(error instanceof Problem ? `${error.name}: ${error.message}` : error.message);
  process.exitCode = 1;
});
