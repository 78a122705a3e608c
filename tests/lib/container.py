# SPDX-License-Identifier: BSD-2-Clause
"""container.py: what a container engine does with the files of contrib/container.

    container.py build IMAGE CONTAINERFILE [ARG=VALUE]...
        runs the RUN lines of the last stage in the tree IMAGE, but those of apt
    container.py run IMAGE FILE STATE
        as the first process of a container: mounts what FILE (compose.yaml or
        kubernetes.yaml) says, makes the root read-only, takes away the
        capabilities it does not list, and becomes its command. Volumes and
        secrets are directories of STATE. For a mount and pid namespace of its
        own; nothing here is undone.
    container.py secret STATE VALUE
        replaces the secret as kubelet does: new directory, one rename
"""
import os
import shlex
import subprocess
import sys
import time
import yaml


def sh(*args):
    subprocess.run(args, check=True)


def stages(path):
    """The instructions of the last stage, continuations joined."""
    lines, out = [], []
    for line in open(path):
        if line.startswith("#"):
            continue
        lines.append(line.rstrip("\n"))
    for text in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = text.strip().partition(" ")
        if word == "FROM":
            out = []
        elif word:
            out.append((word, rest.strip()))
    return out


def build(image, path, given):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    given = dict(pair.split("=", 1) for pair in given)
    for word, rest in stages(path):
        if word == "ARG":
            name, _, value = rest.partition("=")
            env[name] = given.get(name, shlex.split(value)[0])
        elif word == "RUN" and "apt-get" not in rest:
            subprocess.run(["chroot", image, "/bin/sh", "-c", rest], check=True,
                           env=env)


def atomic(where, files):
    """A directory of files as kubelet's atomic writer lays it out."""
    os.makedirs(where, exist_ok=True)
    new = os.path.join(where, "..%d" % time.time_ns())
    for name, (text, mode) in files.items():
        path = os.path.join(new, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)
        os.chmod(path, mode)
    old = os.path.join(where, "..data")
    before = os.readlink(old) if os.path.islink(old) else None
    os.symlink(os.path.basename(new), old + "_tmp")
    os.rename(old + "_tmp", old)
    for name in files:
        top = name.split("/")[0]
        link = os.path.join(where, top)
        if not os.path.islink(link):
            os.symlink(os.path.join("..data", top), link)
    if before:
        sh("rm", "-r", os.path.join(where, before))


class Spec:
    def __init__(self):
        self.command, self.env = [], {}
        self.tmpfs, self.binds, self.caps, self.no_new_privs = [], [], None, False


def compose(path, state):
    doc, spec = yaml.safe_load(open(path)), Spec()
    (service,) = doc["services"].values()
    assert service["read_only"] is True
    spec.command, spec.env = service["command"], service["environment"]
    spec.tmpfs = service["tmpfs"]
    for volume in service["volumes"]:
        source, target, *rest = volume.split(":")
        if source.startswith("."):
            source = os.path.join(os.path.dirname(path), source)
        else:
            assert source in doc["volumes"]
            source = os.path.join(state, source)
        spec.binds.append((source, target, "ro" in rest))
    for name in service["secrets"]:
        spec.binds.append((doc["secrets"][name]["file"],
                           "/run/secrets/" + name, True))
    return spec


def kubernetes(docs, state):
    spec, by_kind = Spec(), {d["kind"]: d for d in docs}
    pod = by_kind["StatefulSet"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    spec.no_new_privs = not security["allowPrivilegeEscalation"]
    assert security["capabilities"]["drop"] == ["ALL"]
    spec.caps = security["capabilities"]["add"]
    spec.command = container["command"]
    spec.env = {e["name"]: e["value"] for e in container["env"]}
    volumes = {v["name"]: v for v in pod["volumes"]}
    for mount in container["volumeMounts"]:
        volume, target = volumes[mount["name"]], mount["mountPath"]
        if "emptyDir" in volume:
            spec.tmpfs.append(target)
            continue
        source = os.path.join(state, volume["name"])
        if "configMap" in volume:
            data = by_kind["ConfigMap"]["data"]
            atomic(source, {i["path"]: (data[i["key"]], 0o644)
                            for i in volume["configMap"]["items"]})
        spec.binds.append((source, target, mount.get("readOnly", False)))
    return spec


def run(image, path, state):
    docs = list(yaml.safe_load_all(open(path)))
    spec = compose(path, state) if len(docs) == 1 else kubernetes(docs, state)
    sh("mount", "--bind", image, image)
    sh("mount", "-o", "remount,bind,ro", image)
    sh("mount", "-t", "proc", "proc", image + "/proc")
    sh("mount", "--rbind", "/dev", image + "/dev")
    for target in spec.tmpfs:
        sh("mount", "-t", "tmpfs", "-o", "mode=0755", "none", image + target)
    for source, target, read_only in spec.binds:
        where = image + target
        if os.path.isdir(source):
            os.makedirs(where, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(where), exist_ok=True)
            open(where, "a").close()
        sh("mount", "--bind", source, where)
        if read_only:
            sh("mount", "-o", "remount,bind,ro", where)
    os.chroot(image)
    os.chdir("/")
    command = ["setpriv"]
    if spec.no_new_privs:
        command.append("--no-new-privs")
    if spec.caps is not None:
        names = ["-all"] + ["+" + c.lower() for c in spec.caps]
        command.append("--bounding-set=" + ",".join(names))
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
           "HOSTNAME": "relay", **{k: str(v) for k, v in spec.env.items()}}
    os.execvpe("setpriv", command + spec.command, env)


if __name__ == "__main__":
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "build":
        build(rest[0], rest[1], rest[2:])
    elif verb == "run":
        run(*rest)
    elif verb == "secret":
        atomic(os.path.join(rest[0], "secret"),
               {"client_secret": (rest[1] + "\n", 0o444)})
