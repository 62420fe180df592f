"""environment.py TEMPLATE FUNCTION: prints what `sam local invoke --env-vars` reads: each
variable of the function in the template, as the environment has it. One that the
environment does not have is empty, which the functions take as not set."""

import json
import os
import sys

from samcli.yamlhelper import yaml_parse


def main(path, function):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    resource = template["Resources"].get(function)
    if not resource or resource["Type"] != "AWS::Serverless::Function":
        sys.exit(f"{path} has no function {function}")
    names = {**template["Globals"]["Function"]["Environment"]["Variables"], **resource["Properties"]["Environment"]["Variables"]}
    print(json.dumps({function: {name: os.environ.get(name, "") for name in names if name != "FUNCTION"}}))


main(*sys.argv[1:])
