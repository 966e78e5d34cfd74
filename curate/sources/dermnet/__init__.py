"""DermNet: the 23-class export of the atlas, and scrapes of DermNet NZ."""
