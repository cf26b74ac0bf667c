/// The use cases of the service, one method per RPC; knows no transport and no concrete store.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "core/download.h"
#include "core/upload.h"
#include "ports/link_signer.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"

namespace satchel {

struct DocumentSelector {
  std::string user_id;
  std::string document_id;
};

struct ListRequest {
  std::string user_id;
  std::optional<std::string> category;
  std::optional<std::string> date_filter;
  std::int32_t page_size = 0;
  std::string page_token;
};

struct ListAnswer {
  std::vector<Document> documents;
  std::string next_page_token;
  std::int64_t total_count = 0;
};

struct LinkAnswer {
  SignedLink link;
  Document document;
};

struct DocumentServiceOptions {
  std::int64_t default_quota = 0;  ///< bytes
  std::chrono::minutes link_life_default{30};
  /// How long the bytes of a deleted document stay; 0 without soft delete.
  std::chrono::seconds delete_retention{0};
};

/// Thread-safe; methods other than coroutines block. What it is given must outlive it.
class DocumentService {
 public:
  DocumentService(Uploader& uploader, MetadataStore& metadata, ObjectStore& objects,
                  LinkSigner& links, EventLog& log, DocumentServiceOptions options);

  boost::asio::awaitable<Result<Document>> Upload(const CallContext& call, UploadStream& stream);
  /// `which` must live until the end: g++ 12 destroys an aggregate argument of a coroutine twice
  /// when it is a temporary of the co_await expression.
  boost::asio::awaitable<Status> Download(const CallContext& call, const DocumentSelector& which,
                                          std::int64_t offset, DownloadSink& sink);
  Result<Deletion> Delete(const CallContext& call, const DocumentSelector& which);
  Result<ListAnswer> List(const CallContext& call, const ListRequest& request);
  Result<LinkAnswer> GetUrl(const CallContext& call, const DocumentSelector& which,
                            std::optional<std::int32_t> expiry_minutes);
  Result<Usage> GetUsage(const CallContext& call, const std::string& user_id);

  /// The COMPLETED document that a link names, whoever owns it: the link's signature is the right
  /// to read it. nullopt: there is none.
  Result<std::optional<Document>> FindLinked(const CallContext& call, const DocumentId& id);

 private:
  Result<Document> FindOwned(const CallContext& call, const DocumentSelector& which);
  /// Rows of other programs name no version: what they have from now on is the newest of their key,
  /// and is recorded. Without one still: the store has none.
  Result<Document> WithVersion(const CallContext& call, Document document);
  /// The same before a delete, which does not wait for a store that is away.
  void NoteVersion(const CallContext& call, const Document& document);
  /// D1, with its outcome found out. nullopt: no longer there.
  Result<std::optional<Deletion>> DeleteRow(const CallContext& call, const Document& document);
  void RemoveDeletedBytes(const CallContext& call, const Document& document);

  Uploader& uploader_;
  MetadataStore& metadata_;
  ObjectStore& objects_;
  LinkSigner& links_;
  EventLog& log_;
  const DocumentServiceOptions options_;
};

}  // namespace satchel
