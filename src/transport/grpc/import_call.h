/// AdminService.ImportTable: one import run, told as it goes.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <boost/asio/thread_pool.hpp>
#include <string>

#include "core/legacy_import/legacy_importer.h"
#include "satchel/admin.pb.h"
#include "transport/grpc/admin_call.h"

namespace satchel {

/// Runs the import on one of `threads`. A client that is gone ends it where it is: the next run
/// goes on from there. `importer` and `calls` must outlive the call; the reactor owns itself.
grpc::ServerWriteReactor<ImportTableResponse>* StartImportCall(LegacyImporter& importer,
                                                               const ImportTableRequest& request,
                                                               std::string request_id,
                                                               AdminCalls& calls,
                                                               boost::asio::thread_pool& threads);

}  // namespace satchel
