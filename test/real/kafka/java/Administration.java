import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** What administrators ask and change, beside groups and transactions. */
public final class Administration {
  public static Object topics(Cluster cluster) throws Exception {
    Admin admin = cluster.admin();
    Map<String, Object> results = new TreeMap<>();
    String name = Cluster.unique("t");
    NewTopic wanted = new NewTopic(name, Optional.of(3), Optional.empty()).configs(Map.of("cleanup.policy", "compact", "retention.ms", "1000"));
    var tried = admin.createTopics(List.of(wanted), new CreateTopicsOptions().validateOnly(true));
    results.put("validated", Cluster.list(tried.numPartitions(name).get(), tried.replicationFactor(name).get(), tried.config(name).get().get("cleanup.policy").value(), admin.listTopics().names().get().contains(name)));
    var created = admin.createTopics(List.of(wanted));
    Uuid id = created.topicId(name).get();
    results.put("created", Cluster.list(created.numPartitions(name).get(), created.config(name).get().get("retention.ms").value(), created.config(name).get().get("retention.ms").source().toString(), created.config(name).get().get("segment.bytes").source().toString()));
    results.put("again", Cluster.outcome(() -> admin.createTopics(List.of(wanted)).all().get()));
    results.put("again, only validated", Cluster.outcome(() -> admin.createTopics(List.of(wanted), new CreateTopicsOptions().validateOnly(true)).all().get()));
    results.put("two replicas", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic(Cluster.unique("t"), 1, (short) 2))).all().get()));
    results.put("no partitions", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic(Cluster.unique("t"), 0, (short) 1))).all().get()));
    results.put("bad name", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic("bad name", 1, (short) 1))).all().get()));
    results.put("long name", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic("n".repeat(250), 1, (short) 1))).all().get()));
    results.put("bad config", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic(Cluster.unique("t"), 1, (short) 1).configs(Map.of("segment.bytes", "one")))).all().get()));
    int broker = admin.describeCluster().nodes().get().iterator().next().id();
    String assigned = Cluster.unique("t");
    results.put("assigned", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic(assigned, Map.of(0, List.of(broker), 1, List.of(broker))))).all().get()));
    results.put("assigned elsewhere", Cluster.outcome(() -> admin.createTopics(List.of(new NewTopic(Cluster.unique("t"), Map.of(0, List.of(77))))).all().get()));
    var described = admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds().get().get(id);
    results.put("described by id", Cluster.list(described.name().equals(name), described.isInternal(), described.partitions().size(), described.partitions().get(2).isr().size(), described.partitions().get(2).leader().id() == broker));
    results.put("authorized", admin.describeTopics(List.of(name), new DescribeTopicsOptions().includeAuthorizedOperations(true)).allTopicNames().get().get(name).authorizedOperations().stream().map(Enum::toString).sorted().toList());
    results.put("missing", Cluster.list(Cluster.outcome(() -> admin.describeTopics(List.of("missing")).allTopicNames().get()), Cluster.outcome(() -> admin.describeTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()))).allTopicIds().get())));
    results.put("more partitions", Cluster.list(
        Cluster.outcome(() -> admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5)), new CreatePartitionsOptions().validateOnly(true)).all().get()),
        Cluster.outcome(() -> admin.createPartitions(Map.of(name, NewPartitions.increaseTo(4, List.of(List.of(broker))))).all().get()),
        Cluster.outcome(() -> admin.createPartitions(Map.of(name, NewPartitions.increaseTo(6, List.of(List.of(broker))))).all().get()),
        Cluster.outcome(() -> admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5, List.of(List.of(77))))).all().get()),
        Cluster.outcome(() -> admin.createPartitions(Map.of(name, NewPartitions.increaseTo(2))).all().get()),
        Cluster.outcome(() -> admin.createPartitions(Map.of("missing", NewPartitions.increaseTo(2))).all().get())));
    results.put("deleted by id", Cluster.outcome(() -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get()));
    results.put("deleted again", Cluster.list(Cluster.outcome(() -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get()), Cluster.outcome(() -> admin.deleteTopics(List.of(name)).all().get())));
    Cluster.until("the name to be free", () -> Cluster.outcome(() -> admin.createTopics(List.of(wanted)).all().get()).equals("fine"));
    Cluster.until("the new topic", () -> Cluster.outcome(() -> admin.describeTopics(List.of(name)).allTopicNames().get()).equals("fine"));
    results.put("another id", !admin.describeTopics(List.of(name)).allTopicNames().get().get(name).topicId().equals(id));
    admin.deleteTopics(List.of(name, assigned)).all().get();
    return results;
  }

  private static String entry(ConfigEntry one) {
    return one.value() + " " + one.source() + (one.isReadOnly() ? " read-only" : "") + (one.isSensitive() ? " sensitive" : "") + " " + one.type();
  }

  public static Object configs(Cluster cluster) throws Exception {
    Admin admin = cluster.admin();
    String topic = cluster.topic(1, "retention.ms", "5000");
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Map<String, Object> results = new TreeMap<>();
    var options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
    var before = admin.describeConfigs(List.of(resource), options).all().get().get(resource);
    results.put("all of a topic", before.entries().stream().map(ConfigEntry::name).sorted().toList());
    results.put("retention.ms", Cluster.list(entry(before.get("retention.ms")), before.get("retention.ms").synonyms().stream().map(one -> one.name() + "=" + one.value() + " " + one.source()).toList(), before.get("retention.ms").documentation() != null));
    results.put("cleanup.policy", Cluster.list(entry(before.get("cleanup.policy")), before.get("cleanup.policy").synonyms().stream().map(one -> one.name() + "=" + one.value() + " " + one.source()).toList()));
    List<Object> changes = new ArrayList<>();
    Object[][] operations = {
      {"retention.ms", "7000", AlterConfigOp.OpType.SET}, {"cleanup.policy", "compact", AlterConfigOp.OpType.APPEND}, {"cleanup.policy", "delete", AlterConfigOp.OpType.SUBTRACT},
      {"max.message.bytes", "x", AlterConfigOp.OpType.SET}, {"no.such", "x", AlterConfigOp.OpType.SET}, {"retention.ms", "x", AlterConfigOp.OpType.APPEND}, {"segment.bytes", "1", AlterConfigOp.OpType.SET},
      {"retention.ms", "", AlterConfigOp.OpType.DELETE}, {"compression.type", "zip", AlterConfigOp.OpType.SET}, {"compression.type", "zstd", AlterConfigOp.OpType.SET}};
    for (Object[] operation : operations) {
      var change = new AlterConfigOp(new ConfigEntry((String) operation[0], (String) operation[1]), (AlterConfigOp.OpType) operation[2]);
      String outcome = Cluster.outcome(() -> admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get());
      changes.add(operation[2] + " " + operation[0] + " " + operation[1] + ": " + outcome);
    }
    results.put("changes", changes);
    var tried = new AlterConfigOp(new ConfigEntry("retention.ms", "1"), AlterConfigOp.OpType.SET);
    results.put("only validated", Cluster.outcome(() -> admin.incrementalAlterConfigs(Map.of(resource, List.of(tried)), new AlterConfigsOptions().validateOnly(true)).all().get()));
    // KRaft takes a moment to apply.
    List<String> after = new ArrayList<>();
    Cluster.until("the changes", () -> {
      var now = admin.describeConfigs(List.of(resource)).all().get().get(resource);
      after.clear();
      for (String name : List.of("retention.ms", "cleanup.policy", "compression.type")) after.add(name + "=" + entry(now.get(name)));
      return now.get("compression.type").value().equals("zstd");
    });
    results.put("after", after);
    ConfigResource missing = new ConfigResource(ConfigResource.Type.TOPIC, "missing");
    results.put("missing", Cluster.list(Cluster.outcome(() -> admin.describeConfigs(List.of(missing)).all().get()), Cluster.outcome(() -> admin.incrementalAlterConfigs(Map.of(missing, List.of(tried))).all().get())));
    return results;
  }

  public static Object brokerConfigs(Cluster cluster) throws Exception {
    Admin admin = cluster.admin();
    String id = admin.describeCluster().nodes().get().iterator().next().idString();
    ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, id);
    ConfigResource all = new ConfigResource(ConfigResource.Type.BROKER, "");
    Map<String, Object> results = new TreeMap<>();
    var before = admin.describeConfigs(List.of(broker)).all().get().get(broker);
    for (String name : List.of("num.partitions", "auto.create.topics.enable", "log.retention.ms", "message.max.bytes", "compression.type", "log.cleaner.min.compaction.lag.ms", "log.segment.bytes", "group.max.size", "node.id", "log.cleanup.policy")) {
      results.put(name, before.get(name) == null ? null : entry(before.get(name)));
    }
    for (ConfigResource resource : List.of(broker, all)) {
      for (String[] change : new String[][] {{"message.max.bytes", "1048590"}, {"log.retention.ms", "99999999"}, {"group.max.size", "7"}, {"no.such", "x"}, {"num.partitions", "4"}}) {
        var operation = new AlterConfigOp(new ConfigEntry(change[0], change[1]), AlterConfigOp.OpType.SET);
        results.put("set " + change[0] + (resource == all ? " for all" : ""), Cluster.outcome(() -> admin.incrementalAlterConfigs(Map.of(resource, List.of(operation))).all().get()));
      }
    }
    List<String> changed = new ArrayList<>();
    Cluster.until("the change", () -> {
      changed.clear();
      var now = admin.describeConfigs(List.of(broker)).all().get().get(broker);
      for (String name : List.of("message.max.bytes", "log.retention.ms")) changed.add(entry(now.get(name)));
      return now.get("log.retention.ms").value().equals("99999999");
    });
    results.put("changed", changed);
    for (ConfigResource resource : List.of(broker, all)) {
      List<AlterConfigOp> undo = new ArrayList<>();
      for (String name : List.of("message.max.bytes", "log.retention.ms", "group.max.size", "num.partitions")) undo.add(new AlterConfigOp(new ConfigEntry(name, ""), AlterConfigOp.OpType.DELETE));
      results.put("undone" + (resource == all ? " for all" : ""), Cluster.outcome(() -> admin.incrementalAlterConfigs(Map.of(resource, undo)).all().get()));
    }
    results.put("another broker", Cluster.outcome(() -> admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER, "77")), new DescribeConfigsOptions().timeoutMs(2000)).all().get()));
    results.put("resources", Cluster.sorted(admin.listConfigResources(Set.of(ConfigResource.Type.BROKER), new org.apache.kafka.clients.admin.ListConfigResourcesOptions()).all().get().stream().map(one -> one.type() + " " + one.name()).toList()));
    return results;
  }

  public static Object cluster(Cluster cluster) throws Exception {
    Admin admin = cluster.admin();
    String topic = cluster.topic(2);
    cluster.send(topic, "a", "b");
    Map<String, Object> results = new TreeMap<>();
    var described = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
    var node = described.nodes().get().iterator().next();
    results.put("cluster", Cluster.list(described.nodes().get().size(), described.clusterId().get().length(), node.host(), node.rack(), described.authorizedOperations().get().stream().map(Enum::toString).sorted().toList()));
    results.put("controller", described.controller().get().id() == node.id());
    var features = admin.describeFeatures().featureMetadata().get();
    results.put("features", features.finalizedFeatures().entrySet().stream().map(one -> one.getKey() + " " + one.getValue()).sorted().toList());
    var directories = admin.describeLogDirs(List.of(node.id())).allDescriptions().get().get(node.id());
    results.put("log dirs", Cluster.list(directories.size(), directories.values().iterator().next().error() == null, directories.values().iterator().next().totalBytes().isPresent(), directories.values().iterator().next().replicaInfos().get(new TopicPartition(topic, 0)).size() > 0, directories.values().iterator().next().replicaInfos().get(new TopicPartition(topic, 1)).size()));
    TopicPartition partition = new TopicPartition(topic, 0);
    results.put("leaders elected", Cluster.list(Cluster.outcome(() -> admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).all().get()), Cluster.outcome(() -> admin.electLeaders(ElectionType.PREFERRED, Set.of(new TopicPartition("missing", 0))).all().get())));
    results.put("reassigned", Cluster.list(
        Cluster.outcome(() -> admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(node.id()))))).all().get()),
        Cluster.outcome(() -> admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(77))))).all().get()),
        Cluster.outcome(() -> admin.alterPartitionReassignments(Map.of(partition, Optional.empty())).all().get()),
        admin.listPartitionReassignments().reassignments().get().size()));
    AclBinding acl = new AclBinding(new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL), new AccessControlEntry("User:ann", "*", AclOperation.READ, AclPermissionType.ALLOW));
    results.put("acls", Cluster.list(Cluster.outcome(() -> admin.createAcls(List.of(acl)).all().get()), Cluster.outcome(() -> admin.describeAcls(AclBindingFilter.ANY).values().get()), Cluster.outcome(() -> admin.deleteAcls(List.of(AclBindingFilter.ANY)).all().get())));
    results.put("tokens", Cluster.list(Cluster.outcome(() -> admin.createDelegationToken().delegationToken().get()), Cluster.outcome(() -> admin.describeDelegationToken().delegationTokens().get())));
    results.put("client metrics", admin.listConfigResources(Set.of(ConfigResource.Type.CLIENT_METRICS), new org.apache.kafka.clients.admin.ListConfigResourcesOptions()).all().get().size());
    results.put("metadata quorum", Cluster.outcome(() -> admin.describeMetadataQuorum().quorumInfo().get()));
    results.put("a broker unregistered", Cluster.outcome(() -> admin.unregisterBroker(77).all().get()));
    results.put("share group", Cluster.outcome(() -> admin.describeShareGroups(List.of("missing")).all().get()));
    return results;
  }

  public static Object quotas(Cluster cluster) throws Exception {
    Admin admin = cluster.admin();
    String user = Cluster.unique("user");
    ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user));
    ClientQuotaEntity both = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user, ClientQuotaEntity.CLIENT_ID, "c"));
    Map<String, Object> results = new TreeMap<>();
    results.put("set", Cluster.outcome(() -> admin.alterClientQuotas(List.of(
        new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1e9), new ClientQuotaAlteration.Op("request_percentage", 200.0))),
        new ClientQuotaAlteration(both, List.of(new ClientQuotaAlteration.Op("consumer_byte_rate", 5e8))))).all().get()));
    results.put("unknown", Cluster.outcome(() -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("no_such", 1.0))))).all().get()));
    results.put("negative", Cluster.outcome(() -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", -1.0))))).all().get()));
    var exact = ClientQuotaFilter.contains(List.of(ClientQuotaFilterComponent.ofEntity(ClientQuotaEntity.USER, user)));
    Cluster.until("quotas", () -> admin.describeClientQuotas(exact).entities().get().size() == 2);
    results.put("contains", admin.describeClientQuotas(exact).entities().get().values().stream().map(map -> new TreeMap<>(map).toString()).sorted().toList());
    results.put("containsOnly", admin.describeClientQuotas(ClientQuotaFilter.containsOnly(List.of(ClientQuotaFilterComponent.ofEntity(ClientQuotaEntity.USER, user)))).entities().get().size());
    List<ClientQuotaAlteration.Op> removals = List.of(new ClientQuotaAlteration.Op("producer_byte_rate", null), new ClientQuotaAlteration.Op("request_percentage", null));
    admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, removals), new ClientQuotaAlteration(both, List.of(new ClientQuotaAlteration.Op("consumer_byte_rate", null))))).all().get();
    Cluster.until("no quotas", () -> admin.describeClientQuotas(exact).entities().get().isEmpty());
    return results;
  }

  public static Object scramUsers(Cluster cluster) throws Exception {
    Admin admin = cluster.admin();
    String user = Cluster.unique("user");
    Map<String, Object> results = new TreeMap<>();
    results.put("missing", Cluster.outcome(() -> admin.describeUserScramCredentials(List.of(user)).description(user).get()));
    var weak = new UserScramCredentialUpsertion(user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "one");
    var strong = new UserScramCredentialUpsertion(user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192), "two");
    results.put("twice at once", Cluster.outcome(() -> admin.alterUserScramCredentials(List.of(weak, strong)).all().get()));
    admin.alterUserScramCredentials(List.of(weak)).all().get();
    admin.alterUserScramCredentials(List.of(strong)).all().get();
    Cluster.until("the user", () -> Cluster.outcome(() -> admin.describeUserScramCredentials(List.of(user)).description(user).get()).equals("fine"));
    results.put("described", admin.describeUserScramCredentials(List.of(user)).description(user).get().credentialInfos().stream().map(Object::toString).sorted().toList());
    results.put("few iterations", Cluster.outcome(() -> admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 10), "x"))).all().get()));
    results.put("deleted", Cluster.outcome(() -> admin.alterUserScramCredentials(List.of(new UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256))).all().get()));
    results.put("deleted again", Cluster.outcome(() -> admin.alterUserScramCredentials(List.of(new UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256))).all().get()));
    return results;
  }

  /** Logs in by the mechanism of the options (a listener's address is the bootstrap); with and without the right password. */
  public static Object login(Cluster cluster) throws Exception {
    Map<String, Object> results = new TreeMap<>();
    for (String password : List.of("secret", "wrong")) {
      String mechanism = cluster.option("mechanism");
      String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
      var settings = cluster.settings("security.protocol", cluster.option("protocol"), "sasl.mechanism", mechanism,
          "sasl.jaas.config", "org.apache.kafka.common.security." + module + " required username=\"ann\" password=\"" + password + "\";",
          "ssl.truststore.type", "PEM", "ssl.endpoint.identification.algorithm", "", "request.timeout.ms", "20000");
      if (cluster.options.containsKey("certificate")) settings.put("ssl.truststore.certificates", cluster.option("certificate"));
      try (Admin admin = Admin.create(settings)) {
        results.put(password, Cluster.outcome(() -> admin.listTopics().names().get()));
      }
    }
    return results;
  }
}
