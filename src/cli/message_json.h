/// Messages of the API as JSON: field names as in the .proto, zeros and empty strings included.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace satchel::cli {

/// One line without its end. 64-bit integers are strings, as protobuf's JSON has it.
std::string MessageJson(const google::protobuf::Message& message);

}  // namespace satchel::cli
