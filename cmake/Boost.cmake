# Header-only Asio and Beast; boost::system is header-only since 1.69.
add_library(satchel_boost INTERFACE)
target_include_directories(satchel_boost SYSTEM INTERFACE ${BOOST_INCLUDE_DIR})
target_compile_definitions(satchel_boost INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(satchel_boost INTERFACE Threads::Threads)
satchel_install_library(satchel_boost)
