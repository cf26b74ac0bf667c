# google/rpc/status.proto and error_details.proto; tools/bootstrap puts them into the cache.
if(DEFINED ENV{SATCHEL_CACHE})
  set(_satchel_cache $ENV{SATCHEL_CACHE})
else()
  set(_satchel_cache $ENV{HOME}/.cache/satchel)
endif()
set(SATCHEL_GOOGLEAPIS_DIR ${_satchel_cache}/googleapis CACHE PATH
  "Folder that holds google/rpc/status.proto")
if(NOT EXISTS ${SATCHEL_GOOGLEAPIS_DIR}/google/rpc/status.proto)
  message(FATAL_ERROR "google/rpc/status.proto is not in ${SATCHEL_GOOGLEAPIS_DIR}: "
    "run tools/bootstrap build, or set SATCHEL_GOOGLEAPIS_DIR")
endif()
