# What `cmake --install` puts where: the program, its models, schemas, shell completions and man page, and the library
# with everything that `find_package(attune)` needs.
include(CMakePackageConfigHelpers)

set(ATTUNE_INSTALL_DATA ${CMAKE_INSTALL_DATADIR}/attune)
install(TARGETS attune RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# default_models() looks here, seen from the program.
install(DIRECTORY models/ DESTINATION ${ATTUNE_INSTALL_DATA}/models)
install(DIRECTORY schemas/ DESTINATION ${ATTUNE_INSTALL_DATA}/schemas FILES_MATCHING PATTERN "*.json")
install(FILES LICENSE README.md TYPE DOC)
install(FILES docs/attune.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# The completion scripts come out of the program's own parser.
set(completions ${PROJECT_BINARY_DIR}/completions)
add_custom_command(
  OUTPUT ${completions}/attune ${completions}/_attune ${completions}/attune.fish
  COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
  COMMAND $<TARGET_FILE:attune> completion bash > ${completions}/attune
  COMMAND $<TARGET_FILE:attune> completion zsh > ${completions}/_attune
  COMMAND $<TARGET_FILE:attune> completion fish > ${completions}/attune.fish
  DEPENDS attune
  VERBATIM)
add_custom_target(attune_completions ALL DEPENDS ${completions}/attune)
install(FILES ${completions}/attune DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/_attune DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${completions}/attune.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# The library: attune::attune is all rooms but the command line; each room can also be linked alone.
set(library_rooms ${ATTUNE_ROOMS})
list(REMOVE_ITEM library_rooms cli)
list(TRANSFORM library_rooms PREPEND attune_ OUTPUT_VARIABLE library_targets)
foreach(room IN LISTS library_rooms)
  set_target_properties(attune_${room} PROPERTIES EXPORT_NAME ${room})
endforeach()
add_library(attune_library INTERFACE)
add_library(attune::attune ALIAS attune_library)
set_target_properties(attune_library PROPERTIES EXPORT_NAME attune)
list(TRANSFORM library_rooms PREPEND attune:: OUTPUT_VARIABLE library_names)
target_link_libraries(attune_library INTERFACE ${library_names})
set_target_properties(attune_flags PROPERTIES EXPORT_NAME flags)

install(DIRECTORY include/attune TYPE INCLUDE)
install(TARGETS attune_library attune_flags ${library_targets} EXPORT attune ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/attune)
install(EXPORT attune NAMESPACE attune:: FILE attuneTargets.cmake DESTINATION ${package})
configure_package_config_file(cmake/attuneConfig.cmake.in ${PROJECT_BINARY_DIR}/attuneConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/attuneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/attuneConfig.cmake ${PROJECT_BINARY_DIR}/attuneConfigVersion.cmake
              cmake/dependencies.cmake DESTINATION ${package})
