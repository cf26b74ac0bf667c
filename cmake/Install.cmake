# What `cmake --install build` puts into a prefix: the program, and the library with the package
# that find_package(satchel) finds. The component `library` is the latter alone.
include(CMakePackageConfigHelpers)

satchel_install_library(satchel_hardening)
set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/satchel)
install(TARGETS satchel COMPONENT program)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/satchel COMPONENT library
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT satchel_targets NAMESPACE satchel:: FILE satchelTargets.cmake COMPONENT library
  DESTINATION ${_package})
# In a folder of its own, where nobody's find_package() takes it for an installed one.
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/satchelConfig.cmake.in
  ${CMAKE_BINARY_DIR}/package/satchelConfig.cmake INSTALL_DESTINATION ${_package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/satchelConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/satchelConfig.cmake ${CMAKE_BINARY_DIR}/package/satchelConfigVersion.cmake
  ${CMAKE_SOURCE_DIR}/cmake/Dependencies.cmake COMPONENT library DESTINATION ${_package})
