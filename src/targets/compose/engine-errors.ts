import { type ErrorKind, EvpipeError } from '../../support/errors.js';

interface KnownError {
  readonly says: RegExp;
  readonly code: `EVPIPE_${string}`;
  readonly kind: ErrorKind;
  readonly what: string;
  readonly todo: string;
}

/** What the command lines of Docker, Compose and Podman say, in their words, and what it means for a pipeline. */
const KNOWN: readonly KnownError[] = [
  {
    says: /permission denied.*(docker daemon|docker\.sock|connect to)/is,
    code: 'EVPIPE_DOCKER_FORBIDDEN',
    kind: 'unreachable',
    what: 'you have no permission to use the engine',
    todo: 'Add your user to the group docker, or use rootless Docker.',
  },
  {
    says: /cannot connect to the docker daemon|is the docker daemon running|error during connect|cannot connect to podman|failed to connect to the docker api/i,
    code: 'EVPIPE_DOCKER_NOT_RUNNING',
    kind: 'unreachable',
    what: 'the engine is not running',
    todo: 'Start it (Linux: systemctl start docker; macOS and Windows: Docker Desktop), or use `--target embedded`.',
  },
  {
    says: /'compose' is not a docker command|unknown command: docker compose|unknown shorthand flag: 'p'|unrecognized command `podman compose`|looking up compose provider failed/i,
    code: 'EVPIPE_COMPOSE_PLUGIN_MISSING',
    kind: 'unreachable',
    what: 'the engine has no Compose',
    todo: 'Install the Compose plugin (Debian and Ubuntu: docker-compose-plugin or docker-compose-v2).',
  },
  {
    says: /port is already allocated|address already in use|bind for .* failed/i,
    code: 'EVPIPE_PORT_TAKEN',
    kind: 'failed',
    what: 'a port was taken by another program in the meantime',
    todo: 'Rerun `evpipe up`: it chooses another one.',
  },
  {
    says: /pull access denied|manifest (for .* )?(unknown|not found)|failed to (resolve|do request|fetch)|no such host|toomanyrequests|i\/o timeout|tls handshake timeout|connection refused.*(registry|\/v2\/)|(get|head) "?https:\/\/|error getting credentials|unauthorized|no such image/i,
    code: 'EVPIPE_IMAGE_PULL',
    kind: 'unreachable',
    what: 'an image can’t be pulled',
    todo: 'Check the network and `docker login`, or name another image in EVPIPE_IMAGE_….',
  },
  {
    says: /no space left on device/i,
    code: 'EVPIPE_DOCKER_DISK',
    kind: 'failed',
    what: 'the engine’s disk is full',
    todo: 'Free space, for example with `docker system prune`.',
  },
];

/** The last line has the reason; the ones above are progress. */
export function engineError(program: string, output: string): EvpipeError {
  const known = KNOWN.find(({ says }) => says.test(output));
  const lastLine = output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  if (known === undefined) {
    return new EvpipeError(
      'EVPIPE_DOCKER_FAILED',
      `${program} failed: ${lastLine === '' ? 'it gave no reason' : lastLine}`,
    );
  }
  const { code, kind, what, todo } = known;
  return new EvpipeError(code, `${what}: ${lastLine}`, { kind, todo });
}
