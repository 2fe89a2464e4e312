"""
Import any number of folders of recordings, each as a separate import.

The group is mapped over the result of ``find_folders``, and each map index is a separate import with its own report.
Arguments of a mapped task group have no value until a task runs, so ``find_folders`` returns whole paths.
"""

from __future__ import annotations

from airflow.sdk import DAG, ObjectStoragePath, Param, task, task_group

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import


# [START howto_gong_import_folders]
@task
def find_folders(recordings: str) -> list[dict[str, str]]:
    manifests = sorted(ObjectStoragePath(recordings).glob("*/manifest.csv"))
    return [{"manifest": str(path), "report_path": f"{path.parent}/report"} for path in manifests]


@task_group
def import_folder(manifest: str, report_path: str) -> None:
    gong_call_import(manifest, report_path=report_path, deferrable=True)


with DAG(
    dag_id="example_gong_import_folders",
    schedule=None,
    default_args=gong_retries(),
    params={"recordings": Param("s3://recordings.example.com", type="string")},
    tags=["gong", "example"],
) as dag:
    import_folder.expand_kwargs(find_folders("{{ params.recordings }}"))
# [END howto_gong_import_folders]
