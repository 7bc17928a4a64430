import { createRequire } from 'node:module';

// React's development build records a performance measure for every render, which a screen that runs for hours never
// frees. Which build it is, is decided by NODE_ENV when React is loaded: so it is loaded here, before any other import,
// and the variable is put back, since services inherit the environment.
const before = process.env.NODE_ENV;
process.env.NODE_ENV = 'production';
const require = createRequire(import.meta.resolve('ink'));
for (const library of ['react', 'react/jsx-runtime', 'react-reconciler', 'scheduler']) require(library);
if (before === undefined) delete process.env.NODE_ENV;
else process.env.NODE_ENV = before;
