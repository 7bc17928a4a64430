import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedQueries } from '../matrix/shared-queries.js';
import { startRealKafkaCluster } from './stack/kafka-cluster.js';
import { repositoryFolder } from './stack/repository.js';

const tlsFile = (name: string): string => join(repositoryFolder, 'test/fixtures/tls', name);
const USER = { name: 'engines', password: 'a pass"word' };

/** On three real brokers. */
sharedQueries(async (dataDir) => {
  const tls = {
    key: readFileSync(tlsFile('address-key.pem'), 'utf8'),
    cert: readFileSync(tlsFile('address-cert.pem'), 'utf8'),
  };
  const { bootstrapServers, stop } = await startRealKafkaCluster({ dataDir, tls, user: USER });
  return {
    access: {
      bootstrapServers,
      ssl: { ca: tlsFile('address-cert.pem') },
      sasl: { mechanism: 'scram-sha-512', username: USER.name, password: USER.password },
      replication: 3,
    },
    stop,
  };
});
