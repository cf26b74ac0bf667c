/// HTTP_PORT: documents for whoever has a signed link.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "base/identifiers.h"
#include "ports/call_observer.h"
#include "ports/link_verifier.h"
#include "transport/http/http_handler.h"
#include "transport/http/linked_document_source.h"

namespace satchel {

/// Whatever carries no valid signature is 403, also what is no path of ours: who has no link learns
/// nothing. Each request that sends a document, fails to or is refused is observed as a download,
/// never with its target; the record ends with the last byte. What it is given must outlive it.
class LinkHandler final : public HttpHandler {
 public:
  struct Parts {
    const LinkVerifier& verifier;
    LinkedDocumentSource& documents;
    CallObserver& observer;
    IdGenerator& ids;                      ///< for request ids
    boost::asio::any_io_executor workers;  ///< for what blocks
  };

  explicit LinkHandler(Parts parts) : parts_(std::move(parts)) {}

  boost::asio::awaitable<HttpResponse> Handle(const HttpRequest& request) override;

 private:
  const Parts parts_;
};

}  // namespace satchel
