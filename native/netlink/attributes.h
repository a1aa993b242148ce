// The framing of netlink attributes (nlattr): finding, comparing, copying them, without knowing what they mean.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace netloom {

using Bytes = std::span<const uint8_t>;

// Bytes as a key.
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Puts a message behind others.
inline void append_message(std::vector<uint8_t>& messages, Bytes message) {
  messages.insert(messages.end(), message.begin(), message.end());
  messages.resize(NLMSG_ALIGN(messages.size()));
}

// Messages that append_message() put one behind another.
inline std::vector<std::span<uint8_t>> split_messages(std::span<uint8_t> messages) {
  std::vector<std::span<uint8_t>> parts;
  for (size_t at = 0; at < messages.size(); at += NLMSG_ALIGN(parts.back().size())) {
    nlmsghdr header;
    std::memcpy(&header, messages.data() + at, sizeof header);
    parts.push_back(messages.subspan(at, header.nlmsg_len));
  }
  return parts;
}

// One attribute of a message.
struct Attribute {
  uint16_t type = 0;  // as it stands there, with its flag bits
  Bytes payload;

  uint16_t number() const { return type & NLA_TYPE_MASK; }
  bool nested() const { return (type & NLA_F_NESTED) != 0; }
};

// Calls each(Attribute) for what lies in `bytes`; stops where they are no attributes, or when `each` returns false.
template <class Each>
void for_each_attribute(Bytes bytes, Each each) {
  for (size_t at = 0; at + NLA_HDRLEN <= bytes.size();) {
    nlattr header;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > bytes.size() - at) return;
    if (!each(Attribute{header.nla_type, bytes.subspan(at + NLA_HDRLEN, header.nla_len - NLA_HDRLEN)})) return;
    at += NLA_ALIGN(header.nla_len);
  }
}

// The first attribute of this number; false if there is none.
inline bool find_attribute(Bytes bytes, uint16_t number, Attribute& found) {
  bool there = false;
  for_each_attribute(bytes, [&](const Attribute& attribute) {
    if (attribute.number() != number) return true;
    found = attribute;
    there = true;
    return false;
  });
  return there;
}

// Calls each(item) for the items of a list such as that of struct rtnexthop: each begins with its length and has a
// header of `header` bytes.
template <class Each>
void for_each_item(Bytes list, size_t header, Each each) {
  uint16_t length;
  const size_t least = header < sizeof length ? sizeof length : header;
  for (size_t at = 0; at + least <= list.size();) {
    std::memcpy(&length, list.data() + at, sizeof length);
    if (length < least || length > list.size() - at) return;
    each(list.subspan(at, length));
    at += NLA_ALIGN(length);
  }
}

// A netlink message under construction.
class MessageBuilder {
 public:
  MessageBuilder(uint16_t type, uint16_t flags, Bytes family_header) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
    append(&header, sizeof header);
    append(family_header.data(), family_header.size());
    align();
  }

  // The family's own header, for changes in place.
  uint8_t* family_header() { return bytes_.data() + NLMSG_HDRLEN; }
  // The same for what stands there from `at` on.
  std::span<uint8_t> since(size_t at) { return std::span(bytes_).subspan(at); }

  // Returns where it begins, as begin() does.
  size_t add(uint16_t type, Bytes payload) {
    const size_t at = begin(type);
    append(payload.data(), payload.size());
    end(at);
    return at;
  }
  size_t begin(uint16_t type) {
    const nlattr header{0, type};
    append(&header, sizeof header);
    return bytes_.size() - sizeof header;
  }
  void end(size_t at) {
    const auto length = static_cast<uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof length);
    align();
  }
  std::vector<uint8_t> finish() {
    const auto length = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    return std::move(bytes_);
  }

 private:
  void append(const void* from, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(from);
    for (size_t i = 0; i < size; ++i)
      bytes_.push_back(bytes[i]);
  }
  void align() {
    while (bytes_.size() % NLMSG_ALIGNTO != 0)
      bytes_.push_back(0);
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace netloom
