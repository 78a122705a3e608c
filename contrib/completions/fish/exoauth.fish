# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for exoauth. Commands, options and their values are read from
# the usage lines of `exoauth --help`, so there is no list here to keep up to
# date: [--x F] takes a value, a|b|c are words, capitals say what it is.

# What may stand where the usage line says $argv[1], for the word $argv[2];
# the rest is the command that lists accounts.
function __exoauth_value
    for kind in (string split '|' -- $argv[1])
        switch $kind
            case ACCOUNT
                $argv[3..] 2>/dev/null
            case F FILE PATH DIR
                __fish_complete_path $argv[2]
            case '*'
                string match -r '^[a-z].*' -- $kind
        end
    end
end

function __exoauth_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l list $words[1] list
    set -l command $words[2]
    set -l commands
    set -l usage
    for line in ($words[1] --help 2>/dev/null)
        set -l found (string match -r '^  exoauth ([a-z]+) *(.*)' -- $line)
        or continue
        set -a commands $found[2]
        test "$found[2]" = "$command"
        and set usage (string split -n ' ' -- $found[3])
    end
    if test -z "$command"
        printf '%s\n' $commands --help --version
        return
    end

    # The usage line apart: options and the values they take, in step; what
    # stands at each position; and what may be repeated.
    set -l options --config --verbose -v --help
    set -l values FILE '' '' ''
    set -l positions
    set -l many
    set -l wants 0
    for token in $usage
        set -l word (string replace -ar '[][]|[.]{3}' '' -- $token)
        if test $wants = 1; and not string match -qr '^[[|-]' -- $token
            set values[-1] $word
            set wants 0
            continue
        end
        set wants 0
        set -l plain
        for piece in (string split -n '|' -- $word)
            if string match -q -- '--*' $piece
                set -a options $piece
                set -a values ''
                string match -q '*]*' -- $token
                or set wants 1
            else
                set -a plain $piece
            end
        end
        set -q plain[1]
        or continue
        set -a positions (string join '|' $plain)
        string match -q '*...*' -- $token
        and set many $positions[-1]
    end

    set -l value
    set -l pending ''
    set -l n 1
    for word in $words[3..]
        if test -n "$pending"
            test "$pending" = --config
            and set -a list --config $word
            set pending ''
        else if string match -q -- '-?*' $word
            set -l i (contains -i -- $word $options)
            and test -n "$values[$i]"
            and set pending $word
            and set value $values[$i]
        else
            set n (math $n + 1)
        end
    end
    set -l given (string match -r '^(--[a-z-]+)=(.*)' -- $cur)
    if test -n "$pending"
        __exoauth_value $value "$cur" $list
    else if set -q given[1]
        set -l i (contains -i -- $given[2] $options)
        and printf "$given[2]=%s\n" \
            (__exoauth_value "$values[$i]" "$given[3]" $list)
    else if string match -q -- '-*' $cur
        printf '%s\n' $options
    else if set -q positions[$n]
        __exoauth_value $positions[$n] "$cur" $list
    else if test -n "$many"
        __exoauth_value $many "$cur" $list
    end
end

complete -c exoauth -f -a '(__exoauth_complete)'
