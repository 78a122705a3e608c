# SPDX-License-Identifier: BSD-2-Clause
#
# awk -f rows.awk -v form=meanings|providers FILE...: the rows of a C table
# from files in the one text syntax (exoauth/block.h), a paragraph a row. What
# is wrong in a file stops the build, with its name and line.

function fail(why)
{
    print at ": " why >"/dev/stderr"
    failed = 1
    exit 1
}

function quoted(text)
{
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

# One row, with the members in the order of the keys.
function put(name,    i, key)
{
    if (name in seen)
        fail(name " stands twice")
    seen[name] = 1
    printf "    {"
    for (i = 1; i <= n_keys; i++) {
        key = keys[i]
        if (key in value)
            printf " .%s = %s,", key in member ? member[key] : key, \
                   quoted(key == "codes" ? name : value[key])
        else if (key in usual)
            printf " .%s = %s,", key, quoted(usual[key])
        else if (key in needed)
            fail("this paragraph has no " key)
        else if (form == "providers")
            printf " .%s = \"\",", key
    }
    print form == "meanings" ? " .source = " quoted(source) " }," : " },"
}

# For "must be one of ...".
function list_provider(name, cloud)
{
    if (!(name in clouds)) {
        providers = providers (providers == "" ? "" : ", ") name
        order[++n_order] = name
    }
    clouds[name] = clouds[name] (clouds[name] == "" ? "" : ", ") cloud
}

function put_lists(    i)
{
    print "#define EXO_PROVIDERS " quoted(providers)
    printf "#define EXO_CLOUDS"
    for (i = 1; i <= n_order; i++)
        printf " { %s, %s },", quoted(order[i]), quoted(clouds[order[i]])
    print ""
}

function end_paragraph(    i, n, names)
{
    if (n_values == 0)
        return
    if (form == "providers") {
        if (!("provider" in value))
            fail("this paragraph has no provider")
        put(value["provider"] " " value["cloud"])
        list_provider(value["provider"], value["cloud"])
    } else if ("codes" in value) {
        n = split(value["codes"], names, " ")
        for (i = 1; i <= n; i++)
            put(names[i])
    } else if ("answer" in value) {
        if (!("words" in value))
            fail("this answer has no words")
        put(value["answer"])
    } else if (n_rows > 0) {
        fail("this paragraph has neither codes nor answer")
    } else {
        for (i in value)
            usual[i] = value[i] # of this file
    }
    n_rows++
    split("", value)
    n_values = 0
}

BEGIN {
    if (form == "meanings") {
        n_keys = split("codes answer words meaning who do run takes origin", keys)
        n = split("meaning who do run takes origin", list)
        member["codes"] = member["answer"] = "code"
        member["do"] = "remedy"
    } else {
        n_keys = split("provider cloud token_endpoint authorization_endpoint " \
            "device_authorization_endpoint app_scope delegated_scope " \
            "resource servers", keys)
        member["provider"] = "name"
    }
    for (i = 1; i <= n_keys; i++)
        known[keys[i]] = 1
    for (i = 1; i <= n; i++)
        needed[list[i]] = 1
}

FNR == 1 {
    end_paragraph()
    split("", usual)
    n_rows = 0
    source = FILENAME
    sub(/.*\//, "", source)
}
/^[ \t]*#/ { next }
/^[ \t]*$/ { end_paragraph(); next }
{ at = FILENAME ":" FNR }
/[^ -~]|\\/ { fail("neither a backslash nor anything outside ASCII") }
{
    key = $1
    sub(/:$/, "", key)
    text = $0
    if (!sub(/^[ \t]*[a-z_]+:[ \t]*/, "", text) || text == "")
        fail("no line of the form key: value")
    sub(/[ \t]+$/, "", text)
    if (!(key in known))
        fail("unknown key " key)
    if (key in value)
        fail(key " stands twice")
    value[key] = text
    n_values++
}
END {
    if (failed)
        exit 1
    end_paragraph()
    if (form == "providers")
        put_lists()
}
