// Splits text into words and lines. Without the streams of the standard library, which link its locales: they add a
// megabyte, and musl's loader does not load it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace netloom {

// The words of a text, between white space.
inline std::vector<std::string> words_of(std::string_view text) {
  constexpr const char* kSpace = " \t\n";
  std::vector<std::string> words;
  for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const size_t end = text.find_first_of(kSpace, begin);
    words.emplace_back(text.substr(begin, end - begin));
    begin = end == std::string_view::npos ? end : text.find_first_not_of(kSpace, end);
  }
  return words;
}

// Calls `each` with every line, without its end.
template <class Function>
void for_each_line(std::string_view text, Function each) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    each(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace netloom
