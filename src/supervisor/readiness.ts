import { get } from 'node:http';

const ANSWER_TIMEOUT_MS = 2_000;

/** Undefined: it answers as it should. Else what it answers instead, in words. */
export function httpProblem(port: number, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path, timeout: ANSWER_TIMEOUT_MS, agent: false, signal },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400 ? undefined : `it answers ${status}`);
      },
    );
    request.once('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`)));
    request.once('error', (failure: NodeJS.ErrnoException) =>
      resolve(failure.code === 'ECONNREFUSED' ? `nothing listens on port ${port}` : failure.message),
    );
  });
}
