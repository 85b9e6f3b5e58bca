#include "attune/store.hpp"
