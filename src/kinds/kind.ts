import type { FileKind } from '../pipeline/kind.js';

/** All that evpipe knows of one kind of thing that a pipeline declares. */
export interface Kind extends FileKind {}
