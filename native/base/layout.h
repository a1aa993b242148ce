// Generated from lib/native/layout.ts by scripts/generate-layout.cjs: the numbers that JavaScript and C++ share.
#pragma once

#include <cstdint>

namespace netloom::layout {

namespace plan_head {
inline constexpr int32_t words = 0;
inline constexpr int32_t bytes = 1;
inline constexpr int32_t namespaces = 2;
inline constexpr int32_t rollback = 3;
inline constexpr int32_t stop_at_failure = 4;
inline constexpr int32_t recipes = 5;
inline constexpr int32_t operations = 6;
inline constexpr int32_t names = 7;
inline constexpr int32_t sections = 8;
}  // namespace plan_head

namespace plan_size {
inline constexpr int32_t head = 9;
inline constexpr int32_t creation = 4;
inline constexpr int32_t step = 12;
inline constexpr int32_t relocation = 4;
inline constexpr int32_t recipe = 11;
}  // namespace plan_size

namespace creation_mark {
inline constexpr int32_t creation = -1;
}  // namespace creation_mark

namespace creation_trait {
inline constexpr int32_t ephemeral = 1;
inline constexpr int32_t rootless = 2;
}  // namespace creation_trait

namespace step_trait {
inline constexpr int32_t undo = 1;
inline constexpr int32_t undivided = 2;
inline constexpr int32_t lasting = 4;
inline constexpr int32_t flush = 8;
inline constexpr int32_t backwards = 16;
inline constexpr int32_t side_effects = 32;
inline constexpr int32_t first_only = 64;
inline constexpr int32_t ensures = 128;
inline constexpr int32_t expects = 256;
}  // namespace step_trait

namespace relocation {
inline constexpr int32_t device_index = 0;
inline constexpr int32_t netns_descriptor = 1;
}  // namespace relocation

namespace test_trait {
inline constexpr int32_t header = 1;
inline constexpr int32_t negated = 2;
inline constexpr int32_t zero_is_absent = 4;
inline constexpr int32_t presence = 8;
inline constexpr int32_t part = 16;
inline constexpr int32_t at_most = 32;
}  // namespace test_trait

namespace recipe_mode {
inline constexpr int32_t settings = 0;
inline constexpr int32_t object = 1;
}  // namespace recipe_mode

namespace lane {
inline constexpr int32_t mutation = 0;
inline constexpr int32_t query = 1;
inline constexpr int32_t read = 2;
inline constexpr int32_t removal = 3;
inline constexpr int32_t supply = 4;
}  // namespace lane

namespace ending {
inline constexpr int32_t ack = 0;
inline constexpr int32_t dump = 1;
inline constexpr int32_t reply = 2;
inline constexpr int32_t last_ack = 3;
}  // namespace ending

namespace outcome {
inline constexpr int32_t waiting = 0;
inline constexpr int32_t done = 1;
inline constexpr int32_t failed = 2;
inline constexpr int32_t undone = 3;
inline constexpr int32_t stuck = 4;
}  // namespace outcome

namespace cancelled {
inline constexpr int32_t before_start = 0;
inline constexpr int32_t while_running = 1;
inline constexpr int32_t too_late = 2;
inline constexpr int32_t interrupted = 3;
}  // namespace cancelled

namespace launch_task {
inline constexpr int32_t run = 0;
inline constexpr int32_t make = 1;
inline constexpr int32_t ask = 2;
inline constexpr int32_t serve = 3;
}  // namespace launch_task

namespace launch_flag {
inline constexpr int32_t uid = 1;
inline constexpr int32_t gid = 2;
inline constexpr int32_t groups = 4;
inline constexpr int32_t etc = 8;
inline constexpr int32_t die_with_parent = 16;
inline constexpr int32_t capabilities = 32;
inline constexpr int32_t no_new_privileges = 64;
inline constexpr int32_t helpers = 128;
}  // namespace launch_flag

namespace launch_message {
inline constexpr int32_t largest = 131072;
}  // namespace launch_message

namespace launch_about {
inline constexpr int32_t host = 0;
inline constexpr int32_t domain = 1;
inline constexpr int32_t offsets = 2;
}  // namespace launch_about

namespace launch_plan {
inline constexpr int32_t task = 0;
inline constexpr int32_t flags = 1;
inline constexpr int32_t made = 2;
inline constexpr int32_t uid = 14;
inline constexpr int32_t gid = 15;
inline constexpr int32_t capabilities = 18;
inline constexpr int32_t about = 20;
inline constexpr int32_t changes = 21;
inline constexpr int32_t uid_map = 22;
inline constexpr int32_t gid_map = 24;
inline constexpr int32_t host = 26;
inline constexpr int32_t domain = 28;
inline constexpr int32_t offsets = 30;
inline constexpr int32_t directory = 32;
inline constexpr int32_t etc_directory = 34;
inline constexpr int32_t mounts = 36;
inline constexpr int32_t groups = 38;
inline constexpr int32_t seccomp = 40;
inline constexpr int32_t size = 42;
}  // namespace launch_plan

}  // namespace netloom::layout
