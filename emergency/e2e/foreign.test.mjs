// Whatever Locket hands out is read by software of others, which knows nothing of it: one describe a format.

import './foreign/paper.mjs';
import './foreign/front.mjs';
import './foreign/ndef.mjs';
import './foreign/sun.mjs';
import './foreign/shc.mjs';
import './foreign/shl.mjs';
