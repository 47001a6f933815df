"""Rows of the registry for kinds that make pods whose labels their objects do not tell."""

from __future__ import annotations

from reachproof.manifests.kinds.not_read.kind import Effect, NotReadKind

_KINDS = (
    ("acid.zalan.do", ("postgresql",)),
    ("actions.github.com", ("AutoscalingRunnerSet",)),
    ("argoproj.io", ("Workflow", "CronWorkflow")),
    ("elasticsearch.k8s.elastic.co", ("Elasticsearch",)),
    ("flink.apache.org", ("FlinkDeployment",)),
    ("jobset.x-k8s.io", ("JobSet",)),
    ("k8s.keycloak.org", ("Keycloak",)),
    ("kafka.strimzi.io", ("Kafka", "KafkaBridge", "KafkaConnect", "KafkaMirrorMaker2", "KafkaNodePool")),
    ("kibana.k8s.elastic.co", ("Kibana",)),
    ("kubeflow.org", ("MPIJob", "Notebook", "PyTorchJob", "TFJob")),
    ("kuma.io", ("MeshGatewayInstance",)),
    ("leaderworkerset.x-k8s.io", ("LeaderWorkerSet",)),
    ("minio.min.io", ("Tenant",)),
    ("opentelemetry.io", ("OpenTelemetryCollector",)),
    ("postgres-operator.crunchydata.com", ("PostgresCluster",)),
    ("postgresql.cnpg.io", ("Cluster", "Pooler")),
    ("rabbitmq.com", ("RabbitmqCluster",)),
    ("ray.io", ("RayCluster", "RayJob", "RayService")),
    ("serving.kserve.io", ("InferenceService",)),
    ("sparkoperator.k8s.io", ("ScheduledSparkApplication",)),
    ("tekton.dev", ("PipelineRun", "TaskRun")),
)
POD_MAKERS = tuple(NotReadKind(group=group, kinds=kinds, effect=Effect.PODS) for group, kinds in _KINDS)
