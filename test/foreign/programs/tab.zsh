# zsh tab.zsh LINE: types a line and a tab into a real zsh, and prints what the line is then.
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "PS1=; unsetopt prompt_cr prompt_sp; setopt menu_complete"
zpty -w shell "autoload -Uz compinit; compinit -D -u; source <(sluice completion zsh)"
# Ctrl-X prints the line instead of running it.
zpty -w shell "shown() { print -r -- '<'\$BUFFER'>'; BUFFER=; zle accept-line }"
zpty -w shell "zle -N shown; bindkey '^X' shown; print re''ady"
zpty -r shell text '*ready*'
zpty -n -w shell "$1"$'\t\x18'
zpty -r shell text $'*<*>\r*'
print -r -- "${${text##*<}%%>*}"
