#!/usr/bin/env node
// CommonJS, see package.json beside it: Node starts it without a second module loader.
'use strict';

require('../dist/main.cjs');
