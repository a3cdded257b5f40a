// SPDX-License-Identifier: MIT
//
// Preloaded by Node under a fence (NODE_OPTIONS): loads ringfence-objects.dll, which lets
// Node open the pipes that it makes for a child's output.  Leaves nothing behind, and says
// nothing when it cannot: then all is as without it.
'use strict';
try {
    delete require.cache[__filename];
    process.dlopen({ exports: {} }, require('path').join(__dirname, 'ringfence-objects.dll'));
} catch (e) {
    // Another Node than ours, another architecture, addons switched off.
}
