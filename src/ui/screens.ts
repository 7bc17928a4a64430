import type { renderStatus } from './status/render.js';
import type { renderTail } from './tail/render.js';
import type { renderUp } from './up/render.js';

export interface Screens {
  readonly renderUp: typeof renderUp;
  readonly renderTail: typeof renderTail;
  readonly renderStatus: typeof renderStatus;
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
    const [up, tail, status] = await Promise.all([
      import('./up/render.js'),
      import('./tail/render.js'),
      import('./status/render.js'),
    ]);
    return { renderUp: up.renderUp, renderTail: tail.renderTail, renderStatus: status.renderStatus };
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}
