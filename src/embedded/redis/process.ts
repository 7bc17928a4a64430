import { prepareAsChild } from '../../support/prepared.js';
import { prepareRedis, type RedisOptions } from './prepare.js';

await prepareAsChild<RedisOptions>(prepareRedis);
