import { evaluateIn } from './inspected.js';

export interface Disturbance {
  /** How far its clock has been set forward; negative: back. */
  readonly clockMs?: number;
  /** What each write to a disk takes longer. */
  readonly writeMs?: number;
}

/** Sets the clock of a process of Node.js, or makes its disk slow, until it is told otherwise; it notices nothing else. */
export const disturb = (pid: number, disturbance: Disturbance): Promise<void> =>
  evaluateIn(pid, `(${takeOver.toString()})(${JSON.stringify({ clockMs: 0, writeMs: 0, ...disturbance })})`);

/** Runs there: it can use nothing from here. */
function takeOver(wanted: Required<Disturbance>): void {
  type Callable = (...args: unknown[]) => unknown;
  const shared = globalThis as unknown as { disturbance?: { clockMs: number; writeMs: number; waiting: number } };
  if (shared.disturbance !== undefined) {
    Object.assign(shared.disturbance, wanted);
    return;
  }
  const state = { ...wanted, waiting: 0 };
  shared.disturbance = state;

  const RealDate = Date;
  const now = RealDate.now.bind(RealDate);
  const shifted = () => now() + state.clockMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [shifted()] : args, made),
    apply: () => new RealDate(shifted()).toString(),
    get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
  });

  const fs = process.getBuiltinModule('node:fs');
  const slowed = (owner: Record<string, Callable>, name: string, slow: (real: Callable) => Callable): void => {
    const real = owner[name];
    if (real !== undefined) owner[name] = slow(real);
  };
  // In their order, also when the disk is quick again.
  const later = (work: () => void): void => {
    if (state.writeMs === 0 && state.waiting === 0) {
      work();
      return;
    }
    state.waiting += 1;
    setTimeout(() => {
      state.waiting -= 1;
      work();
    }, state.writeMs);
  };
  const functions = fs as unknown as Record<string, Callable>;
  for (const name of ['write', 'writev', 'fsync', 'fdatasync', 'ftruncate', 'rename'])
    slowed(
      functions,
      name,
      (real) =>
        (...args) =>
          later(() => void real(...args)),
    );
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (const name of ['writeSync', 'writevSync', 'fsyncSync', 'fdatasyncSync', 'writeFileSync', 'renameSync'])
    slowed(functions, name, (real) => (...args) => {
      if (state.writeMs > 0) Atomics.wait(cell, 0, 0, state.writeMs);
      return real(...args);
    });
  void fs.promises.open('/dev/null').then(async (handle) => {
    const methods = Object.getPrototypeOf(handle) as Record<string, Callable>;
    for (const name of ['write', 'writev', 'writeFile', 'appendFile', 'sync', 'datasync'])
      slowed(
        methods,
        name,
        (real) =>
          function (this: unknown, ...args) {
            return new Promise<void>((resolve) => later(resolve)).then(() => real.apply(this, args));
          },
      );
    await handle.close();
  });
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
}
