import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectWorkers } from '../matrix/connect-workers.js';
import { startRealKafkaCluster } from './stack/kafka-cluster.js';
import { repositoryFolder } from './stack/repository.js';

const USER = { name: 'shop', password: 'secret' };
const tlsFile = (name: string): string => join(repositoryFolder, 'test/fixtures/tls', name);

/** Three brokers. */
connectWorkers(async (dataDir) => {
  const tls = {
    key: readFileSync(tlsFile('address-key.pem'), 'utf8'),
    cert: readFileSync(tlsFile('address-cert.pem'), 'utf8'),
  };
  const cluster = await startRealKafkaCluster({ dataDir, tls, user: USER });
  return {
    access: {
      bootstrapServers: cluster.bootstrapServers,
      ssl: { ca: tlsFile('address-cert.pem') },
      sasl: { mechanism: 'scram-sha-512', username: USER.name, password: USER.password },
    },
    stop: () => cluster.stop(),
  };
});
