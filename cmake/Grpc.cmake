# How gRPC and protobuf come into a program: satchel_grpc_shared loads them, satchel_grpc_archives
# makes them part of it (docs/adr/0016). All is compiled against the former; only the link differs.
find_package(ZLIB REQUIRED)
add_library(satchel_grpc_shared INTERFACE)
target_link_libraries(satchel_grpc_shared INTERFACE protobuf::libprotobuf PkgConfig::GRPC)

pkg_check_modules(GRPC_PARTS REQUIRED grpc++ protobuf)
pkg_get_variable(_grpc_folder grpc++ libdir)
pkg_get_variable(_protobuf_folder protobuf libdir)
set(_archives)
foreach(_part IN LISTS GRPC_PARTS_STATIC_LIBRARIES)
  if(_part MATCHES "^(grpc|gpr|upb|address_sorting|re2|cares|absl_|protobuf)")
    find_library(SATCHEL_ARCHIVE_${_part} lib${_part}.a HINTS ${_grpc_folder} ${_protobuf_folder})
    mark_as_advanced(SATCHEL_ARCHIVE_${_part})
    if(NOT SATCHEL_ARCHIVE_${_part})
      message(FATAL_ERROR "lib${_part}.a is missing, which becomes part of the program "
        "(docs/adr/0016). Debian has it in libgrpc++-dev, libprotobuf-dev or what these need.")
    endif()
    list(APPEND _archives ${SATCHEL_ARCHIVE_${_part}})
  elseif(NOT _part MATCHES "^(z|ssl|crypto|dl|rt|atomic|pthread|m)$")
    message(FATAL_ERROR "gRPC needs ${_part}: say here whether it becomes part of the program too")
  endif()
endforeach()
list(REMOVE_DUPLICATES _archives)

# What has other users in the same process stays shared: two copies would have two states.
add_library(satchel_grpc_archives INTERFACE)
target_link_libraries(satchel_grpc_archives INTERFACE
  "$<LINK_GROUP:RESCAN,${_archives}>" OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Threads::Threads)
# Nor may a shared library find the copies here.
target_link_options(satchel_grpc_archives INTERFACE -Wl,--exclude-libs,ALL)
