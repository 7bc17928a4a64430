/** What ksqlDB answers where a subject is missing that columns should come from. */
export function missingSchemaMessage(topic: string, role: 'key' | 'value'): string {
  return [
    `Schema for message ${role}s on topic '${topic}' does not exist in the Schema Registry.`,
    `Subject: ${topic}-${role}`,
    'Possible causes include:',
    '- The topic itself does not exist',
    '\t-> Use SHOW TOPICS; to check',
    '- Messages on the topic are not serialized using a format Schema Registry supports',
    `\t-> Use PRINT '${topic}' FROM BEGINNING; to verify`,
    '- Messages on the topic have not been serialized using a Confluent Schema Registry supported serializer',
    '\t-> See https://docs.confluent.io/current/schema-registry/docs/serializer-formatter.html',
    '- The schema is registered on a different instance of the Schema Registry',
    '\t-> Use the REST API to list available subjects\thttps://docs.confluent.io/current/schema-registry/docs/api.html#get--subjects',
    '- You do not have permissions to access the Schema Registry.',
    '\t-> See https://docs.confluent.io/current/schema-registry/docs/security.html',
  ].join('\n');
}
