"""The walk: the deployment guide, typed into a real Docker engine and judged step by step.

It is no part of `make test`: it starts an engine, and takes a quarter of an hour (`make walk`).
It imports nothing but the standard library, so that root's Python runs it without an installation.

- `__main__.py`: the options, the parts in their order, and the removal of everything
- `requirements.py`: what the machine must have, and the refusal
- `engine.py`: a Docker engine of the walk's own, in its own namespaces
- `running_engine.py`: one that is there already
- `debian.py`: packages from the sources of this machine's apt
- `images.py`: stand-ins for the official images
- `images/`: their Dockerfiles, and the entry point of the database
- `checkout.py`: the project as its operators have it, and new releases of it
- `page.py`: the commands of the guide
- `shell.py`: a command, its exit code and its output
- `tally.py`: the steps as they are printed and counted
- `walk.py`: what each part is handed
- `parts/`: the parts
"""
