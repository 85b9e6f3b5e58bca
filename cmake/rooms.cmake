# How a room, its tests and its flags are declared: one pattern for all of them.

find_program(ATTUNE_CCACHE ccache)
if(ATTUNE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ATTUNE_CCACHE})
endif()

add_library(attune_flags INTERFACE)
target_compile_options(attune_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(ATTUNE_WARNINGS_AS_ERRORS)
  target_compile_options(attune_flags INTERFACE -Werror)
endif()
if(ATTUNE_SANITIZE)
  target_compile_options(attune_flags INTERFACE -fsanitize=${ATTUNE_SANITIZE} -fno-omit-frame-pointer
                                                -fno-sanitize-recover=all)
  target_link_options(attune_flags INTERFACE -fsanitize=${ATTUNE_SANITIZE})
endif()

# attune_add_room(<name> SOURCES <file>... [PUBLIC <target>...] [PRIVATE <target>...])
# Declares src/<name>/ as the library attune::<name>. PUBLIC are the rooms that its public header shows.
function(attune_add_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "SOURCES;PUBLIC;PRIVATE")
  add_library(attune_${name} STATIC ${room_SOURCES})
  add_library(attune::${name} ALIAS attune_${name})
  target_include_directories(attune_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(attune_${name} PUBLIC ${room_PUBLIC} PRIVATE attune_flags ${room_PRIVATE})
endfunction()

# attune_add_tests(<room> SOURCES <file>... [LINK <target>...])
# Declares the tests of one room as one program, tests/<room>, run by ctest under the room's name.
# A test may include the room's private headers as "<room>/header.hpp".
function(attune_add_tests room)
  cmake_parse_arguments(PARSE_ARGV 1 tests "" "" "SOURCES;LINK")
  add_executable(${room}_tests ${tests_SOURCES} ${PROJECT_SOURCE_DIR}/tests/main.cpp)
  target_include_directories(${room}_tests PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${room}_tests PRIVATE attune_flags attune::${room} ${tests_LINK})
  target_compile_definitions(${room}_tests PRIVATE ATTUNE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${room} COMMAND ${room}_tests)
endfunction()
