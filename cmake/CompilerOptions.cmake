# Warnings are errors, the binary is hardened; generated code links satchel_hardening only.
add_library(satchel_hardening INTERFACE)
set(_hardening -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
# For what is built here: whoever installs the library chooses their own.
target_compile_options(satchel_hardening INTERFACE "$<BUILD_INTERFACE:${_hardening}>")
target_link_options(satchel_hardening INTERFACE
  "$<BUILD_INTERFACE:-pie;-Wl,-z,relro,-z,now,-z,noexecstack>")
if(SATCHEL_SANITIZE)
  target_compile_options(satchel_hardening INTERFACE
    -fsanitize=${SATCHEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(satchel_hardening INTERFACE -fsanitize=${SATCHEL_SANITIZE})
else()
  target_compile_definitions(satchel_hardening INTERFACE
    $<BUILD_INTERFACE:$<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>>
    $<BUILD_INTERFACE:_GLIBCXX_ASSERTIONS>)
endif()

add_library(satchel_warnings INTERFACE)
target_compile_options(satchel_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  # g++ 12 takes std::optional and std::variant in coroutine frames for uninitialized.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)

# satchel_library(NAME SOURCES ... DEPENDS ...): one static library per folder of src/.
function(satchel_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
  target_link_libraries(${name}
    PUBLIC satchel_hardening ${ARG_DEPENDS}
    PRIVATE $<BUILD_INTERFACE:satchel_warnings>)
  satchel_install_library(${name})
endfunction()

# Makes a library part of what find_package(satchel) finds.
function(satchel_install_library name)
  install(TARGETS ${name} EXPORT satchel_targets COMPONENT library
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/satchel)
endfunction()

# satchel_test(NAME SOURCES ... DEPENDS ...): one GoogleTest program, registered with ctest.
function(satchel_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE
    satchel_hardening satchel_warnings ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()

# satchel_server_test(NAME SOURCES ... DEPENDS ...): the same for a program that starts servers once
# for all its tests; the whole of it is one test to ctest.
function(satchel_server_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE
    satchel_hardening satchel_warnings ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
