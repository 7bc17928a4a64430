import type { renderTail } from './tail/render.js';
import type { renderTop } from './top/render.js';
import type { renderUp } from './up/render.js';

export interface Screens {
  readonly renderUp: typeof renderUp;
  readonly renderTail: typeof renderTail;
  readonly renderTop: typeof renderTop;
}

/**
 * Loads the screens, which costs 0.3 s: only for a terminal, and before any process is started. React is taken in its
 * production build, which NODE_ENV decides when it is loaded: the development build records a performance measure for
 * every render, and a screen that runs for hours never frees them. The variable is put back, since services inherit it.
 */
export async function loadScreens(): Promise<Screens> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    const [up, tail, top] = await Promise.all([
      import('./up/render.js'),
      import('./tail/render.js'),
      import('./top/render.js'),
    ]);
    return { renderUp: up.renderUp, renderTail: tail.renderTail, renderTop: top.renderTop };
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}
