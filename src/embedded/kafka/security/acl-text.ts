import { EvpipeError } from '../../../support/errors.js';
import type { KafkaAcl } from '../options.js';
import { OPERATIONS, RESOURCE_TYPES } from './acl.js';

const FORM = 'PRINCIPAL allow|deny OPERATION[,OPERATION] RESOURCE[:NAME] [HOST]';
const EXAMPLE = 'User:ann allow read,describe topic:orders-*';

/** Reads an ACL that is written as a line; a name that ends in `*` is a prefix, `*` alone is all of a type. */
export function parseAcl(text: string): KafkaAcl {
  const [principal = '', permission = '', operations = '', resource = '', host = '*', ...more] = text
    .trim()
    .split(/\s+/);
  if (resource === '' || more.length > 0) refuse(text, 'it has the wrong number of parts');
  if (!/^[^:]+:./.test(principal)) refuse(text, `${principal} is not a principal such as User:ann`);
  return {
    principal,
    host,
    permission: oneOf(text, permission, { ALLOW: 0, DENY: 0 }),
    operations: operations.split(',').map((operation) => oneOf(text, operation, CONCRETE_OPERATIONS)),
    resource: resourceOf(text, resource),
  };
}

const { ANY: _anyOperation, ...CONCRETE_OPERATIONS } = OPERATIONS;
const { ANY: _anyType, ...CONCRETE_TYPES } = RESOURCE_TYPES;

function resourceOf(text: string, resource: string): KafkaAcl['resource'] {
  const at = resource.includes(':') ? resource.indexOf(':') : resource.length;
  const type = oneOf(text, resource.slice(0, at), CONCRETE_TYPES);
  const name = resource.slice(at + 1);
  if (type === 'CLUSTER') return { type, name: 'kafka-cluster' };
  if (name === '') refuse(text, `${resource} has no name`);
  return name.endsWith('*') && name !== '*' ? { type, name: name.slice(0, -1), pattern: 'PREFIXED' } : { type, name };
}

/** Any case, and dashes where the protocol has underscores. */
function oneOf<Name extends string>(text: string, given: string, names: Readonly<Record<Name, unknown>>): Name {
  const known = Object.keys(names) as Name[];
  const found = known.find((name) => name === given.toUpperCase().replaceAll('-', '_'));
  return found ?? refuse(text, `"${given}" is not one of ${known.join(', ').toLowerCase()}`);
}

function refuse(text: string, why: string): never {
  throw new EvpipeError('EVPIPE_KAFKA_ACL', `the ACL "${text}" cannot be read: ${why}`, {
    kind: 'usage',
    todo: `Write it as ${FORM}, for example "${EXAMPLE}".`,
  });
}
