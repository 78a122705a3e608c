# SPDX-License-Identifier: BSD-2-Clause
#
# complete.zsh FUNCTIONS SCRATCH <QUESTIONS: what zsh, with compinit and the
# functions of that directory, would offer at the end of each line. Candidates
# one a line, END after each question. A zsh of its own on a
# pseudo-terminal does it: completion exists in the line editor only.

zmodload zsh/zpty
cat >$2/rc <<RC
PS1= RPS1= PROMPT_EOL_MARK=
fpath=($1 \$fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    local -a offered
    # Asked for an array, not for candidates.
    if (( \${argv[(I)-[OAD]]} )); then
        builtin compadd "\$@"
        return
    fi
    builtin compadd -O offered "\$@"
    (( \$#offered )) && print -rl -- \$offered >>$2/found
}
answer() {
    _main_complete
    print END >>$2/found
    mv $2/found $2/answer
}
zle -C answer complete-word answer
bindkey '^I' answer
: >$2/ready
RC

wait_for() {
    local -i i
    for (( i = 0; i < 400; i++ )); do
        # What is drawn must be read, or the other side stops.
        zpty -rt z shown 2>/dev/null
        [[ -e $1 ]] && return
        sleep 0.05
    done
    print -u2 "no $1: ${(V)shown}"
    exit 1
}

zpty z zsh -f -i
zpty -w z ". $2/rc"
wait_for $2/ready
while IFS= read -r line; do
    rm -f $2/answer $2/found
    zpty -w -n z $line$'\t'
    wait_for $2/answer
    cat $2/answer
    zpty -w -n z $'\C-u'
done
zpty -d z
