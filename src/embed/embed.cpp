#include "attune/embed.hpp"
