#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion in bash, zsh and fish, each really asked. What must be offered
# comes from the program: an option belongs to a command if the program takes
# it there, and it takes a value if the option table says so. So a command or
# option that is new, and a usage line that does not tell all of it, fail here.

. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/tap.sh"
. "${EXO_SRCDIR:-$(dirname "$0")/../..}/tests/lib/site.sh"
src=${EXO_SRCDIR:-$(dirname "$0")/../..}
completions=$src/contrib/completions
need_cmd python3

dir=$(tap_dir)
export HOME=$dir/home XDG_CONFIG_HOME=$dir/home XDG_DATA_HOME=$dir/home
export XDG_CACHE_HOME=$dir/home TERM=dumb
mkdir "$HOME" "$dir/bin"
# First in PATH by the name that people type.
ln -s "$EXO" "$dir/bin/exoauth"
PATH=$dir/bin:$PATH
site_up
for account in alice relay; do site_account "$account@contoso.test"; done
site_account @contoso.test
printf 'no colon\n' >"$dir/broken.conf"
mkdir "$dir/files"
touch "$dir/files/key" "$dir/files/keys@home"

# ----- the shells: questions, one a line, on stdin; END after each answer

ask_bash()
{
    bash --norc -c '. "$1"
        complete -p exoauth >&2
        while IFS= read -r line; do
            COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=() COMP_CWORD=0
            _exoauth exoauth "${line##* }"
            [[ ${#COMPREPLY[@]} == 0 ]] || printf "%s\n" "${COMPREPLY[@]}"
            echo END
        done' ask "$completions/bash/exoauth"
}

ask_zsh()
{
    mkdir -p "$dir/zsh"
    zsh -f "$src/tests/lib/complete.zsh" "$completions/zsh" "$dir/zsh"
}

ask_fish()
{
    # shellcheck disable=SC2016 # for fish
    fish --no-config -c 'source $argv[1]
        while read -l line
            complete -C "$line"
            echo END
        end' "$completions/fish/exoauth.fish"
}

# ----- what must be offered

commands=$("$EXO" --help | sed -n 's/^  exoauth \([a-z]*\).*/\1/p')
need_file "$EXO_BUILDDIR/tests/lib/tables" 'run: make check TESTS='
table() { "$EXO_BUILDDIR/tests/lib/tables" | sed -n 's/^option //p'; }
ok 'there are commands' test "$(wc -w <<<"$commands")" -ge 10
ok 'there are options' test "$(table | wc -l)" -ge 20

# Does the program take --OPTION of COMMAND? Nothing is run: --help comes last,
# and what goes wrong before it, such as a bad value, ends the program. serve
# says nothing.
takes()
{
    local said
    said=$("$EXO" "$1" "--$2" ${3:+1} --help 2>&1) && return
    [[ $said && $said != *'is not an option of'* ]]
}

questions=$dir/questions
{
    echo 'exoauth '
    for command in $commands; do echo "exoauth $command -"; done
} >"$questions"
# wanted[N] is the sorted answer to line N.
# shellcheck disable=SC2086 # words
wanted=("$(printf '%s\n' $commands --help --version | sort)")
for command in $commands; do
    usage=$("$EXO" "$command" --help | sed -n "1s/^usage: exoauth $command *//p")
    offer=$'-v\n'
    while read -r option argument; do
        [[ $option == version ]] && continue
        value=${argument#no_argument}
        takes "$command" "$option" "$value" || continue
        offer+=--$option$'\n'
        case $option in help | config | verbose) continue ;; esac
        if [[ $value ]]; then
            like "$usage" "--$option [^][|-]" "usage of $command: --$option takes a value"
        else
            like "$usage " "--${option}[] |]" "usage of $command: --$option is there"
            unlike "$usage" "--$option [^][|-]" "usage of $command: --$option takes no value"
        fi
    done < <(table)
    wanted+=("$(sort -u <<<"${offer%$'\n'}")")
done

# case LINE WANTED...
case_of()
{
    printf '%s\n' "$1" >>"$questions"
    shift
    wanted+=("$([[ $# == 0 ]] || printf '%s\n' "$@" | sort)")
}

# The words that the program knows, from what it says of others.
said() { sed 's/.*; use //; s/, / /g; s/ or / /; s/ (.*)//' <<<"$1"; }
formats=$("$EXO" token a --format "?" 2>&1)
# shellcheck disable=SC2046 # words
case_of 'exoauth token a --format ' $(said "$formats")
case_of 'exoauth token a --format oa' oauthbearer
case_of 'exoauth import --from ' email-oauth2-proxy getmail mutt sasl-xoauth2
case_of "exoauth token --config $SITE_CONF " @contoso.test alice@contoso.test relay@contoso.test
case_of "exoauth token --config $SITE_CONF rel" relay@contoso.test
case_of "exoauth token --config $SITE_CONF a " ''
case_of "exoauth export --config $SITE_CONF a b rel" relay@contoso.test
case_of "exoauth export --config $SITE_CONF --out f rel" relay@contoso.test
case_of "exoauth status --config $SITE_CONF --json rel" relay@contoso.test
case_of "exoauth import --config $SITE_CONF f rel" relay@contoso.test
case_of "exoauth token --config $dir/broken.conf " ''
case_of "exoauth list --config $SITE_CONF " ''
case_of "exoauth token --min-ttl " ''
case_of "exoauth nonsense " ''
files=("$dir/files/key" "$dir/files/keys@home")
case_of "exoauth login a --secret-file $dir/files/k" "${files[@]}"
case_of "exoauth login a --if-needed --password-file $dir/files/k" "${files[@]}"
case_of "exoauth import $dir/files/k" "${files[@]}"
case_of "exoauth export a --out $dir/files/k" "${files[@]}"
case_of "exoauth serve --listen $dir/files/k" "${files[@]}"
case_of "exoauth status --config $dir/files/k" "${files[@]}"
case_of 'exoauth token a --format=x' --format=xoauth2
case_of "exoauth status --config=$dir/files/keys" "--config=$dir/files/keys@home"

# zsh offers what stands behind a prefix that it put aside: the last part of
# a path, and the value alone of --option=value.
tail_of()
{
    local line
    while IFS= read -r line; do
        line=${line##*/}
        printf '%s\n' "${line#--format=}"
    done
}

for shell in bash zsh fish; do
    if ! command -v "$shell" >/dev/null; then
        skip "completion in $shell" "$shell is not installed; run: sudo tests/deps"
        continue
    fi
    ok "$shell answers" "ask_$shell" <"$questions"
    if [[ $shell == bash ]]; then
        like "$ERR" 'complete -F _exoauth exoauth' 'bash: registered'
    else
        is "$ERR" '' "$shell: nothing on stderr"
    fi
    n=0 answer=''
    mapfile -t asked <"$questions"
    while IFS= read -r line; do
        if [[ $line != END ]]; then
            [[ $line ]] && answer+=$line$'\n'
            continue
        fi
        got=$(sort -u <<<"${answer%$'\n'}")
        want=${wanted[n]}
        if [[ $shell == zsh && $want == *[/=]* ]]; then
            want=$(tail_of <<<"$want")
            got=$(tail_of <<<"$got")
        fi
        is "$got" "$want" "$shell: ${asked[n]//"$dir"/DIR}"
        n=$((n + 1)) answer=''
    done <<<"$OUT"
    is "$n" "${#wanted[@]}" "$shell: every question has an answer"
done

# ----- at a terminal: what TAB puts into the line, where bash breaks words

# at_bash KEYS: the words of the line after KEYS, one a line.
at_bash()
{
    rm -f "$dir/line" "$dir/line.new"
    printf '%s\n' "PS1='at'; PS1+='last> '" "PATH=$PATH" \
        'bind "set enable-bracketed-paste off"' \
        ". $completions/bash/exoauth" "cd $dir" >"$dir/rc"
    python3 "$src/tests/lib/keys.py" 'atlast> ' \
        "$1\\x01printf '%s\\\\n' \\x05 >line.new; mv line.new line\\n" \
        "$dir/line" bash --noprofile --rcfile "$dir/rc" -i &&
        cat "$dir/line"
}
last() { tail -n1 <<<"$OUT"; }

ok 'TAB in a bash' at_bash "exoauth tok\\t"
is "$(last)" token 'completes a command'
ok 'TAB behind the start of an account' at_bash "exoauth token --config $SITE_CONF ali\\t"
is "$(last)" alice@contoso.test 'completes it'
ok 'TAB behind its @' at_bash "exoauth token --config $SITE_CONF alice@\\t"
is "$(last)" alice@contoso.test 'does not say it twice'
ok 'TAB behind the @ of a domain' at_bash "exoauth token --config $SITE_CONF @con\\t"
is "$(last)" @contoso.test 'either'
ok 'TAB behind a =' at_bash 'exoauth token a --format=oa\t'
is "$(last)" --format=oauthbearer 'completes the value'
ok 'TAB in a file name with @' at_bash 'exoauth export a --out files/keys@h\t'
is "$(last)" files/keys@home 'completes the file'

site_account 'zed%60touch%24%7Bifs%7Dcanary%60@contoso.test'
ok 'TAB behind the start of an account that is a command' \
    at_bash "exoauth token --config $SITE_CONF zed\\t"
# shellcheck disable=SC2016 # as it is
is "$(last)" 'zed`touch${ifs}canary`@contoso.test' 'completes it as one word'
ok 'nothing was run' test ! -e "$dir/canary"
