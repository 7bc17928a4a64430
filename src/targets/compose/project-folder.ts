import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { choosePort } from '../../supervisor/ports/ports.js';
import { hintFolder, portsOfOthers } from '../../supervisor/state/hint.js';
import { readJson, writeJson } from '../../support/json-file.js';
import type { HostPorts } from './pipeline-project.js';

interface PortsFile {
  readonly version: 1;
  readonly ports: HostPorts;
}

/** `compose/` in the pipeline's state folder: the project, the ports it was given, and the files with its secrets. */
export class ProjectFolder {
  readonly file: string;
  private readonly folder: string;

  constructor(private readonly stateFolder: string) {
    this.folder = join(stateFolder, 'compose');
    this.file = join(this.folder, 'compose.yaml');
  }

  /** Unique on this machine: two copies of a pipeline's folder are two projects. */
  projectName(pipeline: string): string {
    return `evpipe-${pipeline}-${createHash('sha256').update(this.stateFolder).digest('hex').slice(0, 8)}`;
  }

  get isWritten(): boolean {
    return existsSync(this.file);
  }

  writeProject(text: string): void {
    this.make();
    writeFileSync(join(this.folder, '.dockerignore'), '*\n'); // no image is built of what is beside the project
    writeFileSync(this.file, text, { mode: 0o600 });
  }

  /** Users in containers read these files, so all may read them; the folder's mode lets only its owner in. */
  writeSecret(name: string, text: string): void {
    this.make();
    if (this.readSecret(name) !== text) writeFileSync(this.secret(name), text, { mode: 0o644 });
  }

  readSecret(name: string): string | undefined {
    const file = this.secret(name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  ports(): HostPorts {
    return readJson<PortsFile>(join(this.folder, 'ports.json'), 1)?.ports ?? {};
  }

  /** Keeps the port that was chosen before while it is free, else takes the next free one from the preferred one on. */
  async choosePorts(
    preferred: HostPorts,
    avoid: Iterable<number>,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<HostPorts> {
    const claimed = portsOfOthers(hintFolder(env), this.stateFolder);
    const before = this.ports();
    const chosen: Record<string, number> = {};
    for (const [name, port] of Object.entries(preferred)) {
      const taken = new Set([...avoid, ...Object.values(preferred), ...Object.values(chosen)]);
      chosen[name] = await choosePort(port, before[name], taken, claimed);
    }
    this.make();
    const ports = { ...before, ...chosen };
    writeJson(join(this.folder, 'ports.json'), { version: 1, ports } satisfies PortsFile);
    return ports;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private secret(name: string): string {
    return join(this.folder, 'secrets', name);
  }

  private make(): void {
    mkdirSync(join(this.folder, 'secrets'), { recursive: true, mode: 0o700 });
  }
}
