import type { Session } from './session.js';

/** Stops what evpipe has started for this pipeline; can be repeated. With `volumes` its data goes too. */
export async function down(
  session: Session,
  options: { readonly volumes: boolean },
): Promise<{ readonly stopped: number }> {
  const running = (await session.target.status()).filter(
    ({ provider, state }) => provider !== 'address' && state !== 'stopped',
  );
  await session.target.shutdown(options);
  return { stopped: running.length };
}
