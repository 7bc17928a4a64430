import { createServer, type IncomingMessage as Request, type ServerResponse as Response, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { checkCaller, checkLogin, type Login } from './callers.js';
import { HttpProblem } from './problem.js';
import { parseTarget, type Target } from './target.js';

export type { Request, Response };

export interface FrontOptions {
  /** Names besides those of loopback that `Host` may give: of a container network, for example. `*` accepts any. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Asked of every request; absent: anyone who reaches the server may call. */
  readonly login?: Login | undefined;
  /** Answers a request that the front refuses, in the server's own dialect. */
  readonly refuse: (request: Request, response: Response, problem: HttpProblem) => void;
  readonly serve: (request: Request, response: Response, target: Target) => unknown;
  /** Without it, upgrades are not offered. */
  readonly upgrade?: ((request: Request, socket: Duplex, head: Buffer, target: Target) => void) | undefined;
}

/** What every HTTP server of evpipe stands behind: who may call is checked here, and that the URL is well-formed. */
export interface Front {
  /** Of `server`. */
  readonly listener: (request: Request, response: Response) => void;
  readonly server: Server;
}

export function createFront({ allowedHosts, login, refuse, serve, upgrade }: FrontOptions): Front {
  const admit = (request: Request): Target => {
    checkCaller(request, allowedHosts);
    if (login !== undefined) checkLogin(request, login);
    return parseTarget(request.url);
  };
  const listener = (request: Request, response: Response): void => {
    let target: Target;
    try {
      target = admit(request);
    } catch (failure) {
      if (!(failure instanceof HttpProblem)) throw failure;
      request.resume();
      if (failure.status === 401) response.setHeader('www-authenticate', 'Basic realm="evpipe"');
      refuse(request, response, failure);
      return;
    }
    serve(request, response, target);
  };
  const server = createServer(listener);
  if (upgrade !== undefined)
    server.on('upgrade', (request, socket, head) => {
      try {
        upgrade(request, socket, head, admit(request));
      } catch (failure) {
        if (!(failure instanceof HttpProblem)) throw failure;
        refuseUpgrade(socket, failure.status);
      }
    });
  return { listener, server };
}

/** A socket that has not become a WebSocket gets a bare HTTP answer. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
