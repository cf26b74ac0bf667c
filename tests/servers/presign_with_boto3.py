"""Presigned GET URLs as boto3 makes them, for the comparison with our own.

Reads the file that is named: one JSON object a line with endpoint, region, bucket, key, version,
disposition, type and life. Prints one URL a line. The access key and its secret come in the
environment, as boto3 takes them.
"""

import json
import sys

import boto3
from botocore.config import Config


def presign(case):
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=case["endpoint"], region_name=case["region"],
                          config=config)
    parameters = {
        "Bucket": case["bucket"],
        "Key": case["key"],
        "VersionId": case["version"],
        "ResponseContentDisposition": case["disposition"],
        "ResponseContentType": case["type"],
    }
    return client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=case["life"])


def main():
    with open(sys.argv[1], encoding="utf-8") as cases:
        for line in cases:
            print(presign(json.loads(line)))


main()
