# Turns files into one C++ file, so that the program carries its page and schemas. Run as a script:
#   cmake -DOUTPUT=assets.cpp -DROOT=<source dir> "-DFILES=web/index.html;schemas/…" -P embed_files.cmake
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kFile${count}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", {reinterpret_cast<const char*>(kFile${count}), ${size}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT}.new
  "// Made by src/server/embed_files.cmake.\n#include \"server/assets.hpp\"\n\nnamespace attune::server {\nnamespace {\n\n"
  "${arrays}\n}  // namespace\n\nconst std::vector<Asset>& assets() {\n"
  "  static const std::vector<Asset> all = {\n${rows}  };\n  return all;\n}\n\n}  // namespace attune::server\n")
file(RENAME ${OUTPUT}.new ${OUTPUT})
