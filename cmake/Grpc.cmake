# How gRPC and protobuf come into a program: satchel_grpc_shared loads them, as every program of
# this machine does; satchel_grpc_archives makes them part of it (docs/adr/0016). What else they
# need stays shared, since OpenSSL and zlib have other users in the same process.
pkg_check_modules(GRPC_PARTS REQUIRED grpc++ protobuf)
set(_archives)
foreach(_part IN LISTS GRPC_PARTS_STATIC_LIBRARIES)
  if(_part MATCHES "^(grpc|gpr|upb|address_sorting|re2|cares|absl_|protobuf)")
    find_library(SATCHEL_ARCHIVE_${_part} lib${_part}.a REQUIRED)
    mark_as_advanced(SATCHEL_ARCHIVE_${_part})
    list(APPEND _archives ${SATCHEL_ARCHIVE_${_part}})
  endif()
endforeach()
list(REMOVE_DUPLICATES _archives)

add_library(satchel_grpc_shared INTERFACE)
target_link_libraries(satchel_grpc_shared INTERFACE protobuf::libprotobuf PkgConfig::GRPC)

add_library(satchel_grpc_archives INTERFACE)
target_include_directories(satchel_grpc_archives SYSTEM INTERFACE ${GRPC_PARTS_INCLUDE_DIRS})
target_compile_options(satchel_grpc_archives INTERFACE ${GRPC_PARTS_CFLAGS_OTHER})
target_link_libraries(satchel_grpc_archives INTERFACE
  "$<LINK_GROUP:RESCAN,${_archives}>" OpenSSL::SSL OpenSSL::Crypto z Threads::Threads)
