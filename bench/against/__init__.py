"""The same arms on another commit of the project, measured in turn with this one."""
