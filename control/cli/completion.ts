import { Argument } from "commander";
import type { Command } from "commander";
import { candidates } from "./candidates.ts";
import { clientOf } from "./commands.ts";
import type { CliContext } from "./commands.ts";

/** What the scripts below call. */
const ASK = "complete-words";

/**
 * Bash takes `=` and `:` for ends of words: the line is split again by spaces, and what Bash has
 * left of the word is left out of the candidates.
 */
const BASH = `_sluice() {
  local line="\${COMP_LINE:0:COMP_POINT}" current="\${COMP_WORDS[COMP_CWORD]}" words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  [[ $current == [=:] ]] && current=""
  local word="\${words[-1]}"
  local left="\${word%"$current"}"
  mapfile -t COMPREPLY < <(sluice ${ASK} -- "\${words[@]:1}" 2> /dev/null)
  if [[ \${COMPREPLY[0]-} == :files ]]; then
    COMPREPLY=()
    compopt -o default
    return
  fi
  COMPREPLY=("\${COMPREPLY[@]#"$left"}")
  [[ \${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}
complete -F _sluice sluice`;

const ZSH = `#compdef sluice
_sluice() {
  local -a found
  found=(\${(f)"$(sluice ${ASK} -- "\${(@)words[2,CURRENT]}" 2> /dev/null)"})
  if [[ $found[1] == :files ]]; then
    _files
  elif [[ $found[1] == *= ]]; then
    compadd -S '' -a found
  else
    compadd -a found
  fi
}
compdef _sluice sluice`;

const FISH = `function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (sluice ${ASK} -- $words[2..-1] 2> /dev/null)
  if test "$found[1]" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c sluice -f -a '(__sluice_complete)'`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** `sluice completion bash`: what a shell loads, and the command that it then asks. */
export function addCompletion(program: Command, context: CliContext): void {
  program
    .command("completion")
    .description("print what makes a shell complete commands, options, services and versions")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SCRIPTS)))
    .action((shell: string) => context.output.out(SCRIPTS[shell] ?? ""));
  program
    .command(ASK, { hidden: true })
    .argument("[words...]")
    .action(async (words: readonly string[], _options: object, command: Command) => {
      const client = clientOf(command, context);
      for (const each of await candidates(program, words, client)) context.output.out(each);
    });
}
