import { checkKind } from './check/kind.js';
import { connectorKind } from './connector/kind.js';
import { databaseKind } from './database/kind.js';
import { gatewayKind } from './gateway/kind.js';
import { jobKind } from './job/kind.js';
import type { Kind } from './kind.js';
import { ksqldbKind } from './ksqldb/kind.js';
import { rabbitmqKind } from './rabbitmq/kind.js';
import { seedKind } from './seed/kind.js';
import { serviceKind } from './service/kind.js';
import { smokeKind } from './smoke/kind.js';
import { storeKind } from './store/kind.js';
import { subjectKind } from './subject/kind.js';
import { topicKind } from './topic/kind.js';

/**
 * Every kind of thing that a pipeline can declare. A new one is a folder beside these and a line here. The list is handed
 * to src/pipeline, src/targets and src/operations; none of them names a kind. Its order is that of screens and of the
 * file's documentation, never that of the work: what waits for what is the graph that the kinds' nodes make.
 */
export const KINDS: readonly Kind[] = [
  databaseKind,
  topicKind,
  subjectKind,
  rabbitmqKind,
  storeKind,
  jobKind,
  serviceKind,
  gatewayKind,
  connectorKind,
  ksqldbKind,
  seedKind,
  checkKind,
  smokeKind,
];
