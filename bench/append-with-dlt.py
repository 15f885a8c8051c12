"""Appends a delimited file to PostgreSQL with dlt, without any mapping. Prints the seconds that it took."""

import json
import os
import sys
import time

given = json.loads(sys.argv[1])
os.environ.update(
    {
        "DESTINATION__POSTGRES__CREDENTIALS": given["database"],
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
    }
)
if given["sftp"] is not None:
    os.environ.update(
        {
            "SOURCES__FILESYSTEM__CREDENTIALS__SFTP_USERNAME": given["sftp"]["username"],
            "SOURCES__FILESYSTEM__CREDENTIALS__SFTP_PORT": str(given["sftp"]["port"]),
            "SOURCES__FILESYSTEM__CREDENTIALS__SFTP_KEY_FILENAME": given["sftp"]["key"],
        }
    )

import dlt
from dlt.sources.filesystem import filesystem, read_csv

files = filesystem(bucket_url=given["bucket"], file_glob=given["file"])
rows = (files | read_csv(sep="|", dtype=str)).with_name("clicks")
pipeline = dlt.pipeline("bench", destination="postgres", dataset_name="dlt_bench", pipelines_dir=given["folder"])
started = time.monotonic()
pipeline.run(rows, write_disposition="append")
print(json.dumps({"seconds": time.monotonic() - started}))
