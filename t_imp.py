import time,sys,importlib
def t(n):
    a=time.process_time(); importlib.import_module(n); print(f"{n:35} {1000*(time.process_time()-a):6.1f} ms")
print("start", time.process_time())
for n in ["datalayer","typer","datalayer.cli","datalayer.cli.findings","datalayer.config","datalayer.model","datalayer.nesting","datalayer.codegen.shape_text","datalayer.shape_cache","datalayer.cli.generate","typer._adapters","rich.status","rich.live","importlib.metadata"]: t(n)
from pathlib import Path
from datalayer.config import load_config
from datalayer.shape_cache import *
import datalayer.shape_cache as sc
a=time.process_time(); c=load_config(Path(sys.argv[1])); b=time.process_time(); print("config",1000*(b-a))
a=time.process_time(); sc._code_fingerprint(); b=time.process_time(); print("code",1000*(b-a))
a=time.process_time(); remembered(c); b=time.process_time(); print("remembered",1000*(b-a))
import os
from pathlib import Path
