// Whether this process is a fork of the one that something was made in.
#pragma once

namespace hpinfer {

// How many forks lie between the start of the first process and this one. What was made under
// another number belongs to a parent: its threads do not exist here.
int fork_generation() noexcept;

}  // namespace hpinfer
